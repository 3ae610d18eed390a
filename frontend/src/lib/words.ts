/** Names as they are shown; a name that is not listed is shown as it is written. */

import { humanize } from "./format";

const STRATEGIES: Record<string, string> = {
  fedsm: "FedSM",
  fedavg: "FedAvg",
  "local-only": "Local-only",
  centralized: "Centralized",
  fedprox: "FedProx",
  fedavgm: "FedAvgM",
  fedadam: "FedAdam",
  fedyogi: "FedYogi",
  fedadagrad: "FedAdagrad",
  scaffold: "SCAFFOLD",
  fednova: "FedNova",
  feddyn: "FedDyn",
  ditto: "Ditto",
  "mr-mtl": "MR-MTL",
  fedbn: "FedBN",
  silobn: "SiloBN",
  fedper: "FedPer",
  fedrep: "FedRep",
  "fine-tuning": "FedAvg + fine-tuning",
  apfl: "APFL",
  pfedme: "pFedMe",
  fedala: "FedALA",
  mean: "Weighted mean",
  median: "Median",
  "trimmed-mean": "Trimmed mean",
  krum: "Krum, multi-Krum",
  unet: "U-Net",
  "basic-unet": "Basic U-Net",
  dynunet: "DynUNet (nnU-Net's)",
  segresnet: "SegResNet",
  "attention-unet": "Attention U-Net",
  "swin-unetr": "Swin UNETR",
  lda: "LDA (closed form)",
  cnn: "Small CNN",
  vgg11: "VGG-11",
};

const MODELS: Record<string, string> = {
  global: "Global model",
  personalized: "Personalized model",
  super: "Super model",
  mixture: "Super model, soft routing",
  selector: "Model selector",
};

/** What a method is for; references come first, for every comparison needs them. */
export const STRATEGY_GROUPS: readonly { title: string; names: readonly string[] }[] = [
  { title: "FedSM and its references", names: ["fedsm", "fedavg", "local-only", "centralized"] },
  {
    title: "One global model",
    names: ["fedprox", "fedavgm", "fedadam", "fedyogi", "fedadagrad", "scaffold", "fednova", "feddyn"],
  },
  {
    title: "Personalized models",
    names: ["ditto", "mr-mtl", "fedbn", "silobn", "fedper", "fedrep", "fine-tuning", "apfl", "pfedme", "fedala"],
  },
];

export function strategyName(name: string): string {
  return STRATEGIES[name] ?? humanize(name);
}

/** `personalized/<site>` names the site's model. */
export function modelName(model: string, siteName: (slug: string) => string = (slug) => slug): string {
  if (model.startsWith("personalized/")) return `Personalized, ${siteName(model.slice("personalized/".length))}`;
  return MODELS[model] ?? humanize(model);
}

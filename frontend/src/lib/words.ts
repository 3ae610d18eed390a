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
  ditto: "Ditto",
  "mr-mtl": "MR-MTL",
  lda: "LDA (closed form)",
  cnn: "Small CNN",
  vgg11: "VGG-11",
};

const MODELS: Record<string, string> = {
  global: "Global model",
  personalized: "Personalized model",
  super: "Super model",
  selector: "Model selector",
};

export function strategyName(name: string): string {
  return STRATEGIES[name] ?? humanize(name);
}

/** `personalized/<site>` names the site's model. */
export function modelName(model: string, siteName: (slug: string) => string = (slug) => slug): string {
  if (model.startsWith("personalized/")) return `Personalized, ${siteName(model.slice("personalized/".length))}`;
  return MODELS[model] ?? humanize(model);
}

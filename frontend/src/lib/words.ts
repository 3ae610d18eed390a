/** Names as they are shown; a name that is not listed is shown as it is written. */

import { formats, methods } from "@/api/tables.json";
import { humanize } from "./format";

const STRATEGIES: Record<string, string> = {
  ...Object.fromEntries(methods.map(({ name, label }) => [name, label])),
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

/** Methods by what they are for, in the order of the contract. */
export const STRATEGY_GROUPS: readonly { title: string; names: readonly string[] }[] = [
  ...new Set(methods.map(({ group }) => group)),
].map((title) => ({ title, names: methods.filter(({ group }) => group === title).map(({ name }) => name) }));

export function strategyName(name: string): string {
  return STRATEGIES[name] ?? humanize(name);
}

/** `PNG, JPEG, ... and DICOM`: the formats that are read, or those of pictures (2) or volumes (3). */
export function formatsInWords(last: "and" | "or", dimensions?: 2 | 3): string {
  const labels = formats
    .filter((format) => dimensions === undefined || format.dimensions.includes(dimensions))
    .map(({ label }) => label);
  return `${labels.slice(0, -1).join(", ")} ${last} ${labels.at(-1)}`;
}

/** `FedAvg with momentum at the server. Hsu et al., 2019.` */
export function strategyHelp(name: string): string {
  const card = methods.find((method) => method.name === name);
  if (!card) return "";
  return card.paper ? `${card.summary} ${card.paper}.` : card.summary;
}

/** `personalized/<site>` names the site's model. */
export function modelName(model: string, siteName: (slug: string) => string = (slug) => slug): string {
  if (model.startsWith("personalized/")) return `Personalized, ${siteName(model.slice("personalized/".length))}`;
  return MODELS[model] ?? humanize(model);
}

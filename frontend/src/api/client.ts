/** How every call to the backend ends: with its answer, or with an ApiError that says what to do. */

import { client } from "./generated/client.gen";

client.setConfig({ baseUrl: "", credentials: "same-origin" });

export interface FieldProblem {
  field: string;
  value: string;
  message: string;
  remedy: string;
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly fields: readonly FieldProblem[];
  readonly correlationId: string | null;
  /** After these the same may be asked again; null where waiting does not help. */
  readonly waitSeconds: number | null;

  constructor(
    status: number,
    code: string,
    detail: string,
    fields: readonly FieldProblem[],
    correlationId: string | null,
    waitSeconds: number | null = null,
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.correlationId = correlationId;
    this.waitSeconds = waitSeconds;
  }
}

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response?: Response;
}

/** The answer's data. Throws ApiError for an error answer, and for no answer at all. */
export async function unwrap<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call;
  if (response?.ok) return data as Data;
  throw toApiError(error, response);
}

function toApiError(error: unknown, response: Response | undefined): ApiError {
  if (!response) {
    if (globalThis.navigator?.onLine === false) {
      return new ApiError(
        0,
        "offline",
        "There is no connection. Nothing was sent: try again when it is back.",
        [],
        null,
      );
    }
    return new ApiError(0, "unreachable", "The backend does not answer. Check that it runs, then try again.", [], null);
  }
  const body = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  const detail =
    typeof body.detail === "string" ? body.detail : `The backend answered ${response.status} ${response.statusText}.`;
  const fields = Array.isArray(body.fields) ? (body.fields as FieldProblem[]) : [];
  const id = typeof body.correlation_id === "string" ? body.correlation_id : null;
  const code = typeof body.error === "string" ? body.error : "http_error";
  const wait = response.status === 429 ? response.headers.get("Retry-After") : null;
  return new ApiError(response.status, code, detail, fields, id, wait === null ? null : Number(wait));
}

/** The server's problems as `field path -> what is wrong and what to do`, under the form's own field names. */
export function fieldErrors(problems: readonly FieldProblem[]): Record<string, string> {
  return Object.fromEntries(problems.map((problem) => [formPath(problem.field), problemText(problem)]));
}

export function problemText(problem: FieldProblem): string {
  const message = problem.message.charAt(0).toUpperCase() + problem.message.slice(1);
  return problem.remedy ? `${message}. Remedy: ${problem.remedy}.` : `${message}.`;
}

/** `config.strategies.0.lambda` as `strategies.0.lambda`: the form has no envelope around its fields. */
export function formPath(field: string): string {
  return field.replace(/^config\./, "");
}

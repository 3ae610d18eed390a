import { describe, expect, it } from "vitest";
import { ApiError, fieldErrors, unwrap } from "./client";

describe("unwrap", () => {
  it("gives the data of a good answer", async () => {
    await expect(unwrap(Promise.resolve({ data: 3, response: new Response(null, { status: 200 }) }))).resolves.toBe(3);
  });

  it("throws the server's own words, fields and correlation id", async () => {
    const error = {
      error: "invalid_input",
      detail: "lambda is too small",
      fields: [{ field: "config.strategies.0.lambda", value: "0.1", message: "too small", remedy: "choose more" }],
      correlation_id: "c1",
    };
    const call = unwrap(Promise.resolve({ error, response: new Response(null, { status: 422 }) }));
    const thrown: ApiError = await call.then(
      () => expect.unreachable("an error answer must throw"),
      (reason: ApiError) => reason,
    );
    expect(thrown).toBeInstanceOf(ApiError);
    expect(thrown).toMatchObject({
      status: 422,
      code: "invalid_input",
      message: "lambda is too small",
      correlationId: "c1",
    });
    expect(fieldErrors(thrown.fields)).toEqual({ "strategies.0.lambda": "Too small. Remedy: choose more." });
  });

  it("says what to do when nothing answers", async () => {
    await expect(unwrap(Promise.resolve({ error: new TypeError("failed to fetch") }))).rejects.toMatchObject({
      status: 0,
      code: "unreachable",
    });
  });
});

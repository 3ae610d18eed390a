import { expect, it } from "vitest";
import { inOrder } from "./inOrder";

it("says what was done before one was refused, and asks for no more", async () => {
  const asked: string[] = [];
  const ask = async (id: string) => {
    asked.push(id);
    if (id === "b") throw new Error("b is running");
  };
  expect(await inOrder(["a", "b", "c"], ask)).toEqual({ done: ["a"], refusal: new Error("b is running") });
  expect(asked).toEqual(["a", "b"]);
  expect(await inOrder(["a", "c"], ask)).toEqual({ done: ["a", "c"], refusal: null });
});

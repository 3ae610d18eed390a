import { onlineManager } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { queryClient } from "./queryClient";

it("never keeps a change to send it later, when nobody waits for it any more", async () => {
  onlineManager.setOnline(false);
  let sent = 0;
  const mutation = queryClient.getMutationCache().build(
    queryClient,
    queryClient.defaultMutationOptions({
      mutationFn: async () => {
        sent += 1;
        throw new Error("no network");
      },
    }),
  );
  await expect(mutation.execute(undefined)).rejects.toThrow("no network");
  onlineManager.setOnline(true);
  await queryClient.resumePausedMutations();
  expect(sent).toBe(1);
});

import { expect, it, vi } from "vitest";
import { patientImport } from "./patientImport";

const GONE = new Error("Failed to fetch dynamically imported module");

it("waits for the connection, as often as it is away, and then has the page", async () => {
  const importer = vi.fn().mockRejectedValueOnce(GONE).mockRejectedValueOnce(GONE).mockResolvedValue("page");
  const wait = vi.fn().mockResolvedValue(undefined);
  await expect(patientImport(importer, async () => false, wait)).resolves.toBe("page");
  expect(wait).toHaveBeenCalledTimes(2);
});

it("gives up a file that a backend which answers has no more, and asks once more before", async () => {
  const importer = vi.fn().mockRejectedValue(GONE);
  const wait = vi.fn();
  await expect(patientImport(importer, async () => true, wait)).rejects.toBe(GONE);
  expect(importer).toHaveBeenCalledTimes(2);
  expect(wait).not.toHaveBeenCalled();
});

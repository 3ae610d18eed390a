import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { chosenFiles, droppedFiles, filesOfImages, packedImage } from "./imageFiles";

function file(name: string, content = name, path = ""): File {
  const made = new File([content], name);
  Object.defineProperty(made, "webkitRelativePath", { value: path });
  return made;
}

async function unpacked(zip: File): Promise<Record<string, string>> {
  const entries = Object.entries(unzipSync(new Uint8Array(await zip.arrayBuffer())));
  return Object.fromEntries(entries.map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]));
}

/** As a browser gives a dropped folder: entries in parts, then none. */
function folder(fullPath: string, entries: FileSystemEntry[]): FileSystemEntry {
  const parts = [entries.slice(0, 1), entries.slice(1), []];
  const createReader = () => ({ readEntries: (give: (part: FileSystemEntry[]) => void) => give(parts.shift() ?? []) });
  return { isFile: false, isDirectory: true, fullPath, createReader } as unknown as FileSystemEntry;
}

function entry(fullPath: string, content: string): FileSystemEntry {
  const give = (resolve: (file: File) => void) => resolve(file(fullPath.split("/").pop() ?? "", content));
  return { isFile: true, isDirectory: false, fullPath, file: give } as unknown as FileSystemEntry;
}

describe("packedImage", () => {
  it("sends one file as it is", async () => {
    const only = file("a.nii.gz");
    expect(await packedImage(chosenFiles([only]))).toBe(only);
  });

  it("puts a header and its data into a zip called after the header", async () => {
    const zip = await packedImage(chosenFiles([file("a.raw", "voxels"), file("a.mhd", "header")]));
    expect(zip.name).toBe("a.zip");
    expect(await unpacked(zip)).toEqual({ "a.raw": "voxels", "a.mhd": "header" });
  });

  it("puts a chosen folder into a zip called after it, without hidden files", async () => {
    const files = [file("1", "x", "CT 7/1"), file("2", "y", "CT 7/2"), file(".DS_Store", "z", "CT 7/.DS_Store")];
    const zip = await packedImage(chosenFiles(files));
    expect(zip.name).toBe("CT 7.zip");
    expect(await unpacked(zip)).toEqual({ "CT 7/1": "x", "CT 7/2": "y" });
  });

  it("refuses nothing, and two files of one name", async () => {
    await expect(packedImage([])).rejects.toThrow("There is no file in it. Choose the files of one image.");
    await expect(packedImage(chosenFiles([file("a"), file("a")]))).rejects.toThrow("Two files are called a.");
  });
});

describe("filesOfImages", () => {
  it("tells pictures, headers with their data and folders of slices apart", () => {
    const paths = ["eye.png", "mr.raw", "CT 7/1", "mr.mhd", "a.nii.gz", "CT 7/2.dcm", "other/1.dcm"];
    const files = paths.map((path) => ({ path, file: file(path) }));
    const found = filesOfImages(files).map((image) => image.map(({ path }) => path));
    expect(found).toEqual([["eye.png"], ["mr.raw", "mr.mhd"], ["CT 7/1", "CT 7/2.dcm"], ["a.nii.gz"], ["other/1.dcm"]]);
  });
});

describe("droppedFiles", () => {
  it("finds the files of dropped folders", async () => {
    const dropped = folder("/CT", [
      entry("/CT/1", "x"),
      folder("/CT/b", [entry("/CT/b/2", "y"), entry("/CT/.x", "z")]),
    ]);
    const items = [{ webkitGetAsEntry: () => dropped }];
    const found = await droppedFiles({ items, files: [] } as unknown as DataTransfer);
    expect(found.map(({ path }) => path)).toEqual(["CT/1", "CT/b/2"]);
  });

  it("takes plain files where a browser gives no entries", async () => {
    const items = [{ webkitGetAsEntry: () => null }];
    const found = await droppedFiles({ items, files: [file("a.png")] } as unknown as DataTransfer);
    expect(found.map(({ path }) => path)).toEqual(["a.png"]);
  });
});

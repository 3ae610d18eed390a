import type { Zippable } from "fflate";

/** A file of an image, and its path in the folder that it came from. */
export interface ImageFile {
  path: string;
  file: File;
}

const HEADERS = /\.(mhd|nhdr|hdr)$/i;
/** The data of a header. */
const DATA = /\.(raw|zraw|img|bin)(\.gz)?$/i;
/** DICOM files often have no suffix, or a part of a UID as one. */
const ONE_EACH = /\.(png|jpe?g|tiff?|bmp|gif|webp|nii|nii\.gz|nrrd|mha|zip)$/i;

/** The files that somebody chose; of a folder with their paths in it. */
export function chosenFiles(files: Iterable<File>): ImageFile[] {
  return visible([...files].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

/** The files that somebody dropped, those of dropped folders included. */
export async function droppedFiles(transfer: DataTransfer): Promise<ImageFile[]> {
  // Items are gone once the event is over; so entries are taken before anything is awaited.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  if (!entries.length) return chosenFiles(transfer.files);
  return visible((await Promise.all(entries.map(filesOf))).flat());
}

/** The files of each image, of all that were chosen: a header with its data, the slices of a folder, else each file. */
export function filesOfImages(files: ImageFile[]): ImageFile[][] {
  const images: ImageFile[][] = [];
  const shared = new Map<string, ImageFile[]>();
  const add = (key: string, file: ImageFile) => {
    const found = shared.get(key);
    if (found) found.push(file);
    else {
      const made = [file];
      shared.set(key, made);
      images.push(made);
    }
  };
  const headers = new Set(files.filter(({ path }) => HEADERS.test(path)).map(({ path }) => path.replace(HEADERS, "")));
  for (const file of files) {
    const stem = file.path.replace(HEADERS, "").replace(DATA, "");
    if (headers.has(stem)) add(`header ${stem}`, file);
    else if (ONE_EACH.test(file.path)) images.push([file]);
    else add(`folder ${file.path.split("/").slice(0, -1).join("/")}`, file);
  }
  return images;
}

/** What is sent of an image: its only file, or a zip of all its files. Volumes are compressed already, so it is not. */
export async function packedImage(files: ImageFile[]): Promise<File> {
  const [first] = files;
  if (!first) throw new Error("There is no file in it. Choose the files of one image.");
  if (files.length === 1) return first.file;
  const { zip } = await import("fflate");
  const contents: Zippable = {};
  for (const { path, file } of files) {
    if (path in contents) throw new Error(`Two files are called ${path}. Choose the files of one image.`);
    contents[path] = [new Uint8Array(await file.arrayBuffer()), { level: 0 }];
  }
  const bytes = await new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) =>
    zip(contents, { level: 0 }, (error, data) => (error ? reject(error) : resolve(data as Uint8Array<ArrayBuffer>))),
  );
  return new File([bytes], nameOfImage(files), { type: "application/zip" });
}

/** By which an image is sent: the name of its only file, or of the zip of its files. */
export function nameOfImage(files: ImageFile[]): string {
  const [first] = files;
  return first && files.length === 1 ? first.file.name : `${nameOfMany(files)}.zip`;
}

/** The name of the folder, else of the header, else of the first file. */
function nameOfMany(files: ImageFile[]): string {
  const paths = files.map(({ path }) => path);
  const [folder, within] = (paths[0] ?? "").split("/");
  if (folder && within && paths.every((path) => path.startsWith(`${folder}/`))) return folder;
  const named = paths.find((path) => HEADERS.test(path)) ?? paths[0] ?? "image";
  return (named.split("/").pop() ?? named).replace(/\.[^.]*$/, "");
}

/** The files without those that operating systems put into folders. */
function visible(files: ImageFile[]): ImageFile[] {
  return files.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
}

async function filesOf(entry: FileSystemEntry): Promise<ImageFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: ImageFile[] = [];
  for (;;) {
    // A browser gives a hundred at a time, then none.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) return found;
    found.push(...(await Promise.all(part.map(filesOf))).flat());
  }
}

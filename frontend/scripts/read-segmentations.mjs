// Reads DICOM segmentations as the viewer OHIF does, by its library dcmjs, for the tests of masks. Takes from the standard input a
// JSON list of {segmentation, images}, all paths of files, and prints one of {labels, pixels}: of each segment its label, and
// its pixels as [image, frame, offset in the frame].
import { readFileSync } from "node:fs";
import dcmjs from "dcmjs";

const { DicomMessage, DicomMetaDictionary } = dcmjs.data;
const { generateToolState } = dcmjs.adapters.Cornerstone.Segmentation;
const BYTES_A_VOXEL = 2;

function fileOf(path) {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

/** What a viewer knows of each frame of the images, by the names of Cornerstone's metadata. */
function framesOf(path, image) {
  const found = DicomMetaDictionary.naturalizeDataset(DicomMessage.readFile(fileOf(path)).dict);
  const count = found.NumberOfFrames ?? 1;
  return Array.from({ length: count }, (_, frame) => {
    const shared = found.SharedFunctionalGroupsSequence?.PlaneOrientationSequence;
    const orientation = (shared ?? found).ImageOrientationPatient.map(Number);
    const size = { rows: found.Rows, columns: found.Columns };
    return {
      id: count > 1 ? `${path}?frame=${frame}` : path,
      image,
      frame,
      imagePlaneModule: { ...size, rowCosines: orientation.slice(0, 3), columnCosines: orientation.slice(3) },
      imagePixelModule: size,
      generalSeriesModule: { seriesInstanceUID: found.SeriesInstanceUID },
      sopCommonModule: { sopInstanceUID: found.SOPInstanceUID },
      instance: found,
    };
  });
}

function read({ segmentation, images }) {
  const frames = images.flatMap(framesOf);
  const byId = new Map(frames.map((frame) => [frame.id, frame]));
  const provider = { get: (kind, id) => byId.get(id)?.[kind] };
  const state = generateToolState([...byId.keys()], fileOf(segmentation), provider);
  const [, ...segments] = state.segMetadata.data;
  const { rows, columns } = frames[0].imagePixelModule;
  const pixels = segments.map(() => []);
  for (const layer of state.labelmapBufferArray) {
    frames.forEach(({ image, frame }, index) => {
      const labels = new Uint16Array(layer, index * rows * columns * BYTES_A_VOXEL, rows * columns);
      labels.forEach((label, offset) => {
        if (label) pixels[label - 1].push([image, frame, offset]);
      });
    });
  }
  return { labels: segments.map((segment) => segment.SegmentLabel), pixels };
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));

/** NiiVue behind the few calls that the case viewer needs. This module and NiiVue are fetched only with the viewer. */

import { DRAG_MODE, Niivue, type NVImage, SLICE_TYPE } from "@niivue/niivue";
import { caseFile, caseMask } from "./caseFiles";
import { drawWithFrame, forgetDrawing } from "./frames";
import { dependsOnPlane, type Layer, type Plane, urlsOf } from "./layers";
import { leaveOutGradients } from "./niivueGradients";
import { colouredOver, volumeOf } from "./niivueVolume";
import { colours, type LoadedLayer, type Painting, paintingOf } from "./overlay";
import { underPointerWords, voxelAt } from "./readout";
import { centreOf, movedFrom, type Pan, SHOW_ALL, turned, zoomedAbout } from "./viewPan";

/** What can be moved in a volume. Slices are counted from 0: left to right, posterior to anterior, inferior to superior. */
export interface VolumeInfo {
  slices: Record<Exclude<Plane, "all" | "3d">, number>;
  /** The range of the stored values, and the part of it that is shown from black to white by default. */
  range: [number, number];
  window: [number, number];
}

/** The plane whose slices are counted. */
export function slicePlane(plane: Plane): Exclude<Plane, "all" | "3d"> {
  return plane === "all" || plane === "3d" ? "axial" : plane;
}

const SLICE_TYPES: Record<Plane, SLICE_TYPE> = {
  axial: SLICE_TYPE.AXIAL,
  coronal: SLICE_TYPE.CORONAL,
  sagittal: SLICE_TYPE.SAGITTAL,
  all: SLICE_TYPE.MULTIPLANAR,
  "3d": SLICE_TYPE.RENDER,
};
/** Along which of right, anterior and superior a plane's slices follow each other; `all` and `3d` move axially. */
const AXES: Record<Plane, 0 | 1 | 2> = { sagittal: 0, coronal: 1, axial: 2, all: 2, "3d": 2 };
/** In three dimensions the image is a veil around the structures. */
const VEIL = 0.12;
const CROSSHAIR = 1;
const NO_CROSSHAIR = 0;
/** Red, green, blue and opacity of the ruler: yellow is seen on every image. */
const RULER = [1, 0.85, 0, 1] as const;
/** Azimuth and elevation in degrees, and size, as a 3D view begins. */
const FIRST_TURN = { azimuth: 110, elevation: 10, scale: 1 };
/** Degrees, and the share of the view, of one step by keyboard. */
const TURN_STEP = 15;
const MOVE_STEP = 0.1;
const WHEEL_STEP = 1.15;

export type Direction = "left" | "right" | "up" | "down";
const STEPS: Record<Direction, [number, number]> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };

/** What lies over the image, and the volume that it was made into. */
interface Overlay {
  painting: Painting;
  volume: NVImage;
}

function pointOf(numbers: ArrayLike<number>): [number, number, number] {
  return [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
}

/** How long one pixel of the canvas is, in the unit of the image's spacing. */
export type PixelLength = number | null;

export class CaseView {
  readonly #niivue: Niivue;
  readonly #draw: () => void;
  #layers: readonly LoadedLayer[] = [];
  #overlay: Overlay | null = null;
  #opacity = 0;
  #image: ArrayBuffer | null = null;
  /** What NiiVue makes black and white of the image by itself. */
  #automatic: [number, number] = [0, 1];
  #plane: Plane = "axial";
  /** The plane that the layers on screen were made for. */
  #painted: Plane = "axial";
  #others: readonly CaseView[] = [];
  #measures = false;
  /** Called with the slice of the present plane when wheel or mouse moved it. */
  onSlice: (slice: number) => void = () => {};
  /** Called with the stored values that are black and white when the mouse changed them. */
  onWindow: (window: [number, number]) => void = () => {};
  /** Called after each frame with the length of a pixel. */
  onPixelLength: (length: PixelLength) => void = () => {};

  private constructor(niivue: Niivue) {
    this.#niivue = niivue;
    niivue.onLocationChange = () => {
      const slice = this.slice();
      if (slice !== undefined) this.onSlice(slice);
    };
    niivue.onIntensityChange = (image) => this.onWindow([image.cal_min ?? 0, image.cal_max ?? 1]);
    const draw = niivue.drawScene.bind(niivue);
    this.#draw = () => {
      draw();
      this.onPixelLength(this.pixelLength());
    };
    niivue.drawScene = () => drawWithFrame(this.#draw);
    const resize = niivue.resizeListener.bind(niivue);
    niivue.resizeListener = () => {
      resize();
      this.#drawNow(); // another size empties the canvas, after what was due in this frame was drawn
    };
  }

  #drawNow(): void {
    forgetDrawing(this.#draw);
    this.#draw();
  }

  /** Throws if the browser gives no WebGL 2. */
  static async attach(canvas: HTMLCanvasElement): Promise<CaseView> {
    const niivue = new Niivue({
      backColor: [0, 0, 0, 1],
      show3Dcrosshair: false,
      crosshairWidth: NO_CROSSHAIR,
      isOrientationTextVisible: false,
      isColorbar: false,
      isRadiologicalConvention: false,
      sliceType: SLICE_TYPE.AXIAL,
      dragMode: DRAG_MODE.pan,
      dragAndDropEnabled: false,
      loadingText: "",
      logLevel: "error",
    });
    // NiiVue's own keys would change the plane behind the page's back, and answer `?` with an alert.
    niivue.keyDownListener = () => {};
    niivue.keyUpListener = () => {};
    // To compile the shaders takes most of the viewer's start, and no case has a mesh of triangles.
    niivue.meshShaders = [];
    await niivue.attachToCanvas(canvas);
    leaveOutGradients(niivue);
    return new CaseView(niivue);
  }

  /** Shows the image and, over it, the layers in their order. Nothing changes on screen before all is at hand. */
  async show(imageUrl: string, layers: readonly Layer[], opacity: number, signal: AbortSignal): Promise<void> {
    const [image, loaded] = await Promise.all([
      caseFile(imageUrl, signal),
      Promise.all(
        layers.map(async (layer): Promise<LoadedLayer> => {
          const [mask, reference] = await Promise.all(urlsOf(layer).map((url) => caseMask(url, signal)));
          if (!mask) throw new Error("The layer names no mask.");
          return { layer, mask, reference };
        }),
      ),
    ]);
    const old = this.#niivue.volumes[0];
    // The image that is on screen already stays: its window too.
    const background = this.#image === image && old ? old : await volumeOf(image);
    if (signal.aborted) return;
    const overlay = this.#paint(background, loaded, opacity);
    if (background !== old) this.#automatic = [background.cal_min ?? 0, background.cal_max ?? 1];
    this.#image = image;
    this.#layers = loaded;
    this.#painted = this.#plane;
    this.#put(background, overlay);
  }

  /** All at once: to add one volume after another would draw everything for each. */
  #put(background: NVImage, overlay: Overlay | null): void {
    const stays = this.#niivue.volumes[0] === background;
    const overlays = overlay ? [overlay.volume] : [];
    this.#overlay = overlay;
    this.#niivue.volumes = [background, ...overlays];
    this.#niivue.back = background;
    this.#niivue.overlays = overlays;
    if (stays && overlay) this.#putOverlay(overlay.volume);
    else this.#niivue.updateGLVolume();
  }

  /** Over the image that is on screen already. */
  #putOverlay(volume: NVImage): void {
    this.#niivue.refreshLayers(volume, 1);
    this.#niivue.drawScene();
  }

  /** null: nothing lies over the image. */
  #paint(background: NVImage, layers: readonly LoadedLayer[], opacity: number): Overlay | null {
    this.#opacity = opacity;
    if (layers.length === 0) return null;
    const painting = paintingOf(layers, this.#plane);
    return { painting, volume: colouredOver(background, colours(painting, opacity)) };
  }

  /** Outlines are of a plane's slices: another plane has others. */
  repaint(opacity: number): void {
    const background = this.#niivue.volumes[0];
    if (this.#plane === this.#painted || !background) return;
    this.#painted = this.#plane;
    if (this.#layers.some(({ layer }) => dependsOnPlane(layer))) {
      this.#put(background, this.#paint(background, this.#layers, opacity));
    }
  }

  /** What can be moved, or null for a picture. */
  volume(): VolumeInfo | null {
    const image = this.#niivue.volumes[0];
    const size = image?.dimsRAS;
    if (!image || !size || (size[3] ?? 1) <= 1) return null;
    const [, sagittal = 1, coronal = 1, axial = 1] = size;
    return {
      slices: { sagittal, coronal, axial },
      range: [image.global_min ?? 0, image.global_max ?? 1],
      window: this.#automatic,
    };
  }

  /** Volumes alone: a picture has one plane. */
  showPlane(plane: Plane): void {
    const isVolume = this.volume() !== null;
    this.#plane = isVolume ? plane : "axial";
    this.#niivue.opts.dragMode = isVolume ? DRAG_MODE.contrast : DRAG_MODE.pan;
    const left = isVolume ? DRAG_MODE.crosshair : DRAG_MODE.pan;
    this.#niivue.opts.mouseEventConfig = {
      leftButton: { primary: this.#measures ? DRAG_MODE.measurement : left, withShift: DRAG_MODE.pan },
      rightButton: isVolume ? DRAG_MODE.contrast : DRAG_MODE.pan,
      centerButton: DRAG_MODE.pan,
    };
    this.#niivue.opts.isOrientationTextVisible = isVolume;
    // Radiologists look at a patient from the feet, with the patient's left on the right.
    this.#niivue.opts.isRadiologicalConvention = isVolume;
    this.#niivue.setCrosshairWidth(this.#plane === "all" ? CROSSHAIR : NO_CROSSHAIR);
    const veil = this.#plane === "3d" ? VEIL : 1;
    if (this.#niivue.volumes[0] && this.#niivue.volumes[0].opacity !== veil) this.#niivue.setOpacity(0, veil);
    this.#niivue.setSliceType(SLICE_TYPES[this.#plane]);
  }

  showSlice(slice: number): void {
    const info = this.volume();
    if (!info) return;
    const axis = AXES[this.#plane];
    this.#niivue.scene.crosshairPos[axis] = (slice + 0.5) / this.#count(info);
    this.#niivue.drawScene();
  }

  /** The stored values that become black and white; undefined: what is best seen. Photographs stay as they are. */
  showWindow(window: readonly [number, number] | undefined): void {
    if (this.volume() === null) return;
    const [low, high] = window ?? this.#automatic;
    const image = this.#niivue.volumes[0];
    if (!image || (image.cal_min === low && image.cal_max === high)) return;
    image.cal_min = low;
    image.cal_max = high;
    this.#niivue.refreshLayers(image, 0);
    this.#niivue.drawScene();
  }

  #count(info: VolumeInfo): number {
    return info.slices[slicePlane(this.#plane)];
  }

  /** The slice of the present plane; undefined for a picture. */
  slice(): number | undefined {
    const info = this.volume();
    if (!info) return undefined;
    const count = this.#count(info);
    const share = this.#niivue.scene.crosshairPos[AXES[this.#plane]] ?? 0.5;
    return Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  }

  setOpacity(opacity: number): void {
    if (!this.#overlay || opacity === this.#opacity) return;
    this.#opacity = opacity;
    this.#overlay.volume.img = colours(this.#overlay.painting, opacity);
    this.#putOverlay(this.#overlay.volume);
  }

  /** What a mouse moves here moves in the others too: zoom, position, slice. */
  follow(others: readonly CaseView[]): void {
    this.#others = others;
    this.#niivue.broadcastTo(
      others.map((other) => other.#niivue),
      { "2d": true, "3d": true },
    );
  }

  /** null in three dimensions, of three planes at once, and before anything is on screen. */
  pixelLength(): PixelLength {
    if (this.#plane === "all" || this.#plane === "3d") return null;
    const slice = this.#niivue.screenSlices[0];
    const [length, pixels] = [slice?.fovMM[0], slice?.leftTopWidthHeight[2]];
    return length && pixels ? Math.abs(length / pixels) : null;
  }

  /** On: a drag draws a line and says its length. Off: the lines are gone. unit: of the image's spacing. */
  measure(on: boolean, unit: "mm" | "px" | null): void {
    this.#measures = on;
    // NiiVue knows millimetres alone.
    this.#niivue.opts.showMeasureUnits = unit === "mm";
    this.#niivue.opts.measureLineColor = [...RULER];
    this.#niivue.opts.measureTextColor = [...RULER];
    if (!on) this.#niivue.clearMeasurements();
    this.showPlane(this.#plane);
  }

  /** Place and value at a position in pixels of the page from the view's corner; null where no image is. */
  under(x: number, y: number): string | null {
    const image = this.#niivue.volumes[0];
    const size = image?.dimsRAS;
    if (!image || !size || this.#plane === "3d") return null;
    const ratio = window.devicePixelRatio;
    const tile = this.#niivue.tileIndex(x * ratio, y * ratio);
    if (tile < 0) return null;
    const share = pointOf(this.#niivue.screenXY2TextureFrac(x * ratio, y * ratio, tile, false));
    const [, across = 1, up = 1, through = 1] = size;
    const isVolume = this.volume() !== null;
    const voxel = voxelAt(share, [across, up, through], isVolume);
    if (!voxel) return null;
    const stored = [voxel[0] - 1, isVolume ? voxel[1] - 1 : up - voxel[1], voxel[2] - 1] as const;
    const span = (image.global_max ?? 1) - (image.global_min ?? 0);
    return underPointerWords({ voxel, values: [...image.getValues(...stored)] }, isVolume, span);
  }

  /** What is on screen now, for a picture of it. */
  canvas(): HTMLCanvasElement | null {
    this.#drawNow(); // the drawing buffer is empty once a frame is over
    return this.#niivue.canvas;
  }

  /** About the middle of the view. */
  zoom(factor: number): void {
    if (this.#plane === "3d") this.#look({ scale: this.#niivue.scene.volScaleMultiplier * factor });
    else this.#look({ pan: zoomedAbout(this.#pan(), factor, centreOf(this.#pan(), this.#middle())) });
  }

  /**
   * A turn of the wheel: zooms about the mouse in a picture, and with Ctrl held in a volume, whose slices the wheel
   * steps through. x and y in pixels of the page from the view's corner. False: it is not for zooming.
   */
  wheel(x: number, y: number, turn: number, ctrl: boolean): boolean {
    if (this.#plane === "3d" || (this.volume() !== null && !ctrl)) return false;
    const point = this.#pointAt(x * window.devicePixelRatio, y * window.devicePixelRatio);
    if (point) this.#look({ pan: zoomedAbout(this.#pan(), turn < 0 ? WHEEL_STEP : 1 / WHEEL_STEP, point) });
    return true;
  }

  /** Looks further to a side; a 3D view turns. */
  move(direction: Direction): void {
    const [right, down] = STEPS[direction];
    const { scene, screenSlices } = this.#niivue;
    if (this.#plane === "3d") {
      const [azimuth, elevation] = turned(
        scene.renderAzimuth,
        scene.renderElevation,
        right * TURN_STEP,
        -down * TURN_STEP,
      );
      this.#look({ azimuth, elevation });
      return;
    }
    const [left = 0, top = 0, width = 0, height = 0] = screenSlices[0]?.leftTopWidthHeight ?? [];
    const from = this.#pointAt(left + width * (0.5 + right * MOVE_STEP), top + height * (0.5 + down * MOVE_STEP));
    const to = this.#pointAt(left + width / 2, top + height / 2);
    if (from && to) this.#look({ pan: movedFrom(this.#pan(), from, to) });
  }

  resetView(): void {
    this.#look({ ...FIRST_TURN, pan: [...SHOW_ALL] });
  }

  /** Here and in the views that are linked. */
  #look(change: { pan?: Pan; azimuth?: number; elevation?: number; scale?: number }): void {
    for (const niivue of [this, ...this.#others].map((view) => view.#niivue)) {
      const { scene } = niivue;
      if (change.pan) scene.pan2Dxyzmm = [...change.pan];
      scene.renderAzimuth = change.azimuth ?? scene.renderAzimuth;
      scene.renderElevation = change.elevation ?? scene.renderElevation;
      scene.volScaleMultiplier = change.scale ?? scene.volScaleMultiplier;
      niivue.drawScene();
    }
  }

  #pan(): Pan {
    const pan = this.#niivue.scene.pan2Dxyzmm;
    return [...pointOf(pan), pan[3] ?? 1];
  }

  /** Of the image, in mm. */
  #middle(): [number, number, number] {
    return pointOf(this.#niivue.frac2mm([0.5, 0.5, 0.5]));
  }

  /** The position in mm at a pixel of the canvas, which may lie outside the image. Undefined between the planes. */
  #pointAt(x: number, y: number): [number, number, number] | undefined {
    const tile = this.#niivue.tileIndex(x, y);
    if (tile < 0) return undefined;
    return pointOf(this.#niivue.frac2mm(this.#niivue.screenXY2TextureFrac(x, y, tile, false)));
  }

  detach(): void {
    forgetDrawing(this.#draw);
    this.#niivue.cleanup();
  }
}

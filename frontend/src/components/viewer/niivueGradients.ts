/** NiiVue without the gradients of images. */

import type { Niivue } from "@niivue/niivue";

/** Number of dimensions, and voxels along each. */
const SMALL = [3, 2, 2, 2];

/**
 * NiiVue works out the gradients of each image that is shown: two passes over all voxels, in which the page waits for the
 * drawing of every slice. They are for lit surfaces of an image, which are shown nowhere. It has no setting for it, so what
 * draws and waits does nothing from the making of the first texture of gradients, which nothing else is drawn after.
 */
export function leaveOutGradients(niivue: Niivue): void {
  const { gl } = niivue;
  const makeTexture = niivue.rgbaTex.bind(niivue);
  const refresh = niivue.refreshLayers.bind(niivue);
  let isRefreshing = false;
  let isQuiet = false;
  niivue.rgbaTex = (texture, unit, size, isEmpty) => {
    if (isRefreshing && unit === gl.TEXTURE8 && isEmpty) {
      isQuiet = true;
      Object.assign(gl, { drawArrays: () => {}, framebufferTextureLayer: () => {} });
      gl.checkFramebufferStatus = () => gl.FRAMEBUFFER_COMPLETE;
    }
    return makeTexture(texture, unit, isQuiet ? SMALL : size, isEmpty);
  };
  niivue.refreshLayers = (image, layer) => {
    isRefreshing = true;
    try {
      refresh(image, layer);
    } finally {
      [isRefreshing, isQuiet] = [false, false];
      // The prototype's own are called again.
      for (const name of ["drawArrays", "framebufferTextureLayer", "checkFramebufferStatus"]) {
        Reflect.deleteProperty(gl, name);
      }
    }
  };
}

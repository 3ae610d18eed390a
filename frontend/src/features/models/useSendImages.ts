import { useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { ApiError, api, unwrap } from "@/api";
import { notifyError } from "@/components/notify";
import { missingImages } from "./batches";
import { filesOfImages, type ImageFile, nameOfImage, packedImage } from "./imageFiles";
import type { ThresholdChoice } from "./models";
import { batchQuery, predictionsQuery } from "./queries";

const route = getRouteApi("/runs/$runId/model");

interface Chosen {
  name: string;
  image: ImageFile[];
}

/**
 * Sends the images that somebody chose: one by itself, many as a batch, whose id the address keeps. Where the address has
 * a batch that these images are of, what is missing in it is sent.
 * isSending: also what an earlier visit of the page began. waits: why the next image is not sent at once.
 */
export function useSendImages(runId: string, threshold: ThresholdChoice) {
  const client = useQueryClient();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [waits, setWaits] = useState<string | null>(null);
  const isShown = useRef(true);
  const mutationKey = ["send images", runId];
  const isSending = useIsMutating({ mutationKey }) > 0;

  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  // What was chosen is lost with the page.
  useEffect(() => {
    if (!isSending) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [isSending]);

  /** While the images are sent somebody may have gone to another page. */
  const show = async (shown: { batch?: string; prediction?: string }) => {
    if (isShown.current) await navigate({ search: (old) => ({ threshold: old.threshold, ...shown }), replace: true });
  };

  const batchFor = async (chosen: Chosen[]): Promise<{ batch: string; images: ImageFile[][] }> => {
    const missing = search.batch === undefined ? null : await missingIn(search.batch, chosen);
    if (missing) return missing;
    const query = { num_images: chosen.length };
    const { id } = await unwrap(api.startPredictionBatch({ path: { run_id: runId }, query }));
    await show({ batch: id });
    return { batch: id, images: chosen.map(({ image }) => image) };
  };

  const missingIn = async (batch: string, chosen: Chosen[]) => {
    try {
      const open = await client.fetchQuery({ ...batchQuery(batch), staleTime: 0 });
      const present = await client.fetchQuery({ ...predictionsQuery(runId, batch), staleTime: 0 });
      const images = missingImages(
        open,
        present.map(({ file_name }) => file_name),
        chosen,
      );
      return images && { batch, images };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null; // it was forgotten
      throw error;
    }
  };

  /** The server takes a limited number of images in a minute, and says how long to wait. */
  const sendOne = async (files: ImageFile[], batch: string | undefined) => {
    const image = await packedImage(files);
    for (;;) {
      try {
        const query = { name: image.name, threshold, batch };
        const started = await unwrap(api.predictImage({ path: { run_id: runId }, query, body: image }));
        setWaits(null);
        return started;
      } catch (error) {
        if (!(error instanceof ApiError) || error.waitSeconds === null) throw error;
        setWaits(error.message);
        const milliseconds = 1000 * error.waitSeconds;
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
      }
    }
  };

  const isCancelled = async (batch: string | undefined) =>
    batch !== undefined && (await client.fetchQuery({ ...batchQuery(batch), staleTime: 0 })).cancelled_at !== null;

  const { mutate: send } = useMutation({
    mutationKey,
    mutationFn: async (files: ImageFile[] | Promise<ImageFile[]>) => {
      const chosen = filesOfImages(await files).map((image) => ({ name: nameOfImage(image), image }));
      if (!chosen.length) await packedImage([]);
      const alone = { batch: undefined, images: chosen.map(({ image }) => image) };
      const { batch, images } = chosen.length > 1 ? await batchFor(chosen) : alone;
      for (const [index, image] of images.entries()) {
        try {
          const { id } = await sendOne(image, batch);
          await refresh(batch);
          if (index === 0) await show({ batch, prediction: id });
        } catch (error) {
          if (error instanceof ApiError && error.status === 409 && (await isCancelled(batch))) return;
          throw error;
        }
      }
    },
    onError: (error) => notifyError("Not sent", error),
    onSettled: () => setWaits(null),
  });

  const refresh = async (batch: string | undefined) => {
    await client.invalidateQueries({ queryKey: predictionsQuery(runId).queryKey });
    if (batch !== undefined) await client.invalidateQueries({ queryKey: batchQuery(batch).queryKey });
  };

  return { send, isSending, waits, show };
}

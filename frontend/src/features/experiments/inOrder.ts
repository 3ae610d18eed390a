/** One request after another, up to the first that is refused. */

export interface Outcome {
  /** The ids whose request was answered. */
  done: string[];
  /** Null where all were. */
  refusal: Error | null;
}

export async function inOrder(ids: readonly string[], ask: (id: string) => Promise<void>): Promise<Outcome> {
  const done: string[] = [];
  for (const id of ids) {
    try {
      await ask(id);
    } catch (error) {
      return { done, refusal: error instanceof Error ? error : new Error(String(error)) };
    }
    done.push(id);
  }
  return { done, refusal: null };
}

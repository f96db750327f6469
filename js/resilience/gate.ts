/**
 * What a try passes before it is sent: limits and breakers. A gate may let it wait, and may refuse it; then nothing is sent and
 * nothing is owed.
 */

/** A try that wants to be sent. */
export interface Attempt {
  /** Where it goes, without a query: it may hold a key. */
  endpoint: string;
  /** Aborted when the call is given up. */
  signal: AbortSignal;
  /** After so long nobody waits for the try any more, whatever became of who sent it. */
  leaseMs: number;
  /** The most tokens that it will use, input and output. */
  tokens(): number;
}

/** How a gate is told what became of a try. Each is told at most once. */
export interface Pass {
  /** It was not sent after all. */
  unsent?(): void;
  /** The head of an answer came. */
  answered?(status: number, headers: Headers): void;
  /** No answer came: it was given up by its caller, or it failed. */
  failed?(isGivenUp: boolean): void;
  /** Nothing of it is under way any more. */
  left?(): void;
  /** It used so many tokens; undefined where nobody knows. */
  used?(tokens: number | undefined): void;
}

/** Where tries are let through. */
export interface Gate {
  /** Throws where there is no use in waiting. */
  check?(attempt: Attempt): void;
  /** Lets the try through, at once or later; or throws. */
  enter(attempt: Attempt): Pass | Promise<Pass>;
}

/** What became of a try, for all the gates that it passed. */
export class Passage {
  readonly #passes: Pass[];
  #isTold = false;
  #isLeft = false;

  private constructor(passes: Pass[]) {
    this.#passes = passes;
  }

  /** Passes all gates, in their order. What was passed before one refuses is given back. */
  static async through(gates: readonly Gate[], attempt: Attempt): Promise<Passage> {
    for (const gate of gates) gate.check?.(attempt);
    const passes: Pass[] = [];
    try {
      for (const gate of gates) passes.push(await gate.enter(attempt));
    } catch (error) {
      for (const pass of passes.reverse()) pass.unsent?.();
      throw error;
    }
    return new Passage(passes);
  }

  /** It was not sent after all: what was passed is given back. */
  unsent(): void {
    if (this.#isTold || this.#isLeft) return;
    this.#isTold = this.#isLeft = true;
    for (const pass of [...this.#passes].reverse()) pass.unsent?.();
  }

  answered(status: number, headers: Headers): void {
    this.#isTold = true;
    for (const pass of this.#passes) pass.answered?.(status, headers);
  }

  /** No answer came. Nothing, where one had begun. */
  failed(isGivenUp: boolean): void {
    if (this.#isTold) return;
    this.#isTold = true;
    for (const pass of this.#passes) pass.failed?.(isGivenUp);
  }

  left(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    for (const pass of this.#passes) pass.left?.();
  }

  /** Tells how many tokens were used, where anybody asks. */
  used(tokens: () => number | undefined): void {
    const asking = this.#passes.filter((pass) => pass.used !== undefined);
    if (asking.length === 0) return;
    const found = tokens();
    for (const pass of asking) pass.used!(found);
  }
}

/** Vocabularies as the package ships them: bytes in the form of text, which the core reads. */

/** Bytes as text: one character for a common byte, two for a rare one. */
export interface PackedText {
  /** The characters; all but the last two stand for a byte each, those two open a pair. */
  readonly alphabet: string;
  /** The bytes in the order of their codes, in hexadecimal. */
  readonly order: string;
  /** The content. */
  readonly text: string;
}

/**
 * A vocabulary that counts: the default export of `tollgate/vocab/<name>`, or the bytes of `tollgate/vocab/<name>.bin` with
 * the name of the encoding.
 */
export type Vocabulary = {
  readonly name: string;
  /**
   * What is done to a text before anything else, where the model's own tokenizer does it: Unicode's NFC; or U+2581, which SentencePiece
   * writes for a space, becomes one.
   */
  readonly normalization?: "NFC" | "spaces";
} & (PackedText | { readonly bytes: Uint8Array });

/** The ids of a vocabulary: the default export of `tollgate/vocab/<name>-ids`, or the bytes of `tollgate/vocab/<name>-ids.bin`. */
export type VocabularyIds = PackedText | { readonly bytes: Uint8Array };

/** Why a delivery cannot become rows; the code of a dead letter. */
export type RowMistakeCode =
  | 'BODY_TOO_LARGE'
  | 'BODY_ENCODING'
  | 'BODY_SYNTAX'
  | 'BODY_DEPTH'
  | 'FIELD_MISSING'
  | 'FIELD_TYPE'
  | 'TRANSFORM_FAILED';

/** A delivery that cannot become rows. Never holds a value of the body. */
export class RowMistake extends Error {
  override readonly name = 'RowMistake';
  readonly code: RowMistakeCode;

  constructor(code: RowMistakeCode, message: string) {
    super(message);
    this.code = code;
  }
}

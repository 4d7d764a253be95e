/**
 * Values that are too many for C text: the C declares `static const volatile` variables without them, in the object they are
 * zeroes, and the build writes the values over the zeroes. So the C, and what clang makes of it, depends on their number alone.
 */
export interface ProgramData {
  /** C name of the variable, which is in `.rodata`. */
  readonly variable: string;
  /** Exactly as many as the variable has, in the byte order of this machine (a typed array has it). */
  readonly bytes: Uint8Array;
}

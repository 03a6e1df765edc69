import { fileTypeFromBuffer } from 'file-type';

/** How many of the first bytes tell a file's type. */
export const sniffBytes = 4100;

/** What browsers show as an image, and may show without running anything of it. */
const images = new Set(
  ['avif', 'bmp', 'gif', 'heic', 'heif', 'jpeg', 'jxl', 'png', 'apng', 'tiff', 'webp', 'x-icon'].map((type) => `image/${type}`),
);

/** The content type that the first bytes of a body show; null where they are no image. */
export async function sniffImageType(start: Uint8Array): Promise<string | null> {
  const type = await fileTypeFromBuffer(start);
  return type !== undefined && images.has(type.mime) ? type.mime : null;
}

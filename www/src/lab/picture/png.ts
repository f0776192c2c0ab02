/** For screens of two pixels per point, and for paper. */
const FINE = 2;

/** An SVG as the bytes of a PNG. */
export async function png(text: string): Promise<Uint8Array> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * FINE;
    canvas.height = image.naturalHeight * FINE;
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    return new Uint8Array(await blob!.arrayBuffer());
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

import type Sharp from 'sharp';

/**
 * Sharp, loaded at the first image: its libvips writes into the environment of the process when it
 * is loaded, and importing patchml changes nothing in its host. Sharp's settings hold for the whole
 * process, so they are left as they are; a second copy (`require`) would reset them.
 */
export async function loadSharp(): Promise<typeof Sharp> {
  return (await import('sharp')).default;
}

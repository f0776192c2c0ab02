/**
 * The GPU as the Worker sees it: is there an adapter worth using, and is the device still there?
 *
 * wgpu keeps its device to itself, so the request is overheard: a lost device is reported at once instead of at the next readback that
 * never ends, and a test can destroy the device.
 */
import type { CpuReason } from "./protocol";

const devices = new Set<GPUDevice>();

/** Why WebGPU should not be used, or null. `real` refuses adapters that compute on the CPU: the CPU backend is faster than they are. */
export async function obstacle(real: boolean): Promise<CpuReason | null> {
  const gpu: GPU | undefined = navigator.gpu;
  if (gpu === undefined) return "no_webgpu";
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) return "no_adapter";
  return real && adapter.info.isFallbackAdapter ? "software_adapter" : null;
}

/** Overhears every device that is made from now on. */
export function watchDevices(lost: (message: string) => void): void {
  if (typeof GPUAdapter === "undefined") return;
  const prototype = GPUAdapter.prototype;
  const request = Object.getOwnPropertyDescriptor(prototype, "requestDevice")?.value as GPUAdapter["requestDevice"];
  prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
    const device = await request.call(this, descriptor);
    devices.add(device);
    void device.lost.then((info) => lost(info.message || info.reason));
    return device;
  };
}

export function destroyDevices(): void {
  for (const device of devices) device.destroy();
  devices.clear();
}

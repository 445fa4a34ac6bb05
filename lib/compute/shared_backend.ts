/**
 * A tfjs backend whose tensors live in one shared memory, where the kernels of `kernels/` work on
 * them; what has no kernel there runs on tfjs's cpu backend, with a copy there and back.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { Machine } from "./machine.ts";

/** Where a tensor's numbers are. */
interface Entry {
  readonly address: number;
  readonly size: number;
  readonly dtype: tf.DataType;
  references: number;
  /** Strings and complex numbers stay with the cpu backend. */
  readonly elsewhere?: tf.TensorInfo;
}

/** A kernel on shared memory; nothing returned means that the cpu backend should do it. */
export type SharedKernel = (
  backend: SharedBackend,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
) => tf.TensorInfo | tf.TensorInfo[] | undefined;

/** tfjs's cpu backend, as far as its kernels' callers use it. */
interface CpuBackend extends tf.KernelBackend {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: tf.BackendValues): tf.TensorInfo;
}

const cpuBackend = (): CpuBackend => tf.findBackend("cpu") as CpuBackend;

/** The backend; made by `registerShared` of `register_shared.ts`. */
export class SharedBackend extends tf.KernelBackend {
  readonly #entries: tf.DataStorage<Entry>;
  #count = 0;
  /** What the running kernel made. */
  #made: object[] = [];

  /** A backend on a machine. */
  constructor(readonly machine: Machine) {
    super();
    this.#entries = new tf.DataStorage(this, tf.engine());
  }

  /** The byte address of a tensor's first number. */
  address(t: { readonly dataId: tf.DataId }): number {
    return this.#entries.get(t.dataId as object).address;
  }

  /** A new tensor that holds anything. */
  make(shape: readonly number[], dtype: "float32" | "int32" | "bool" = "float32"): tf.TensorInfo {
    const size = tf.util.sizeFromShape(shape as number[]);
    const address = this.machine.memory.allocate(size * (dtype === "bool" ? 1 : 4));
    return {
      dataId: this.#enter({ address, size, dtype, references: 1 }),
      shape: [...shape],
      dtype,
    };
  }

  /** The same numbers in another shape. */
  alias(t: tf.TensorInfo, shape: readonly number[] = t.shape): tf.TensorInfo {
    this.incRef(t.dataId);
    return { dataId: t.dataId, shape: [...shape], dtype: t.dtype };
  }

  /** A tensor's numbers where they lie; gone when the memory grows. */
  view(t: tf.TensorInfo): Float32Array | Int32Array | Uint8Array {
    const { address, size, dtype } = this.#entries.get(t.dataId as object);
    const { memory } = this.machine;
    if (dtype === "bool") return memory.bytes().subarray(address, address + size);
    const whole = dtype === "int32" ? memory.int32() : memory.float32();
    return whole.subarray(address >>> 2, (address >>> 2) + size);
  }

  /** Frees tensors that a kernel made for its own use. */
  drop(...tensors: readonly tf.TensorInfo[]): void {
    for (const t of tensors) this.disposeData(t.dataId);
  }

  #enter(entry: Entry): object {
    const dataId = {};
    this.#entries.set(dataId, entry);
    this.#count++;
    this.#made.push(dataId);
    return dataId;
  }

  /** Stores the numbers of a new tensor. */
  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    this.#made.push(dataId);
    return dataId;
  }

  /** Stores the numbers of a tensor that another backend had. */
  override move(
    dataId: object,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    const size = tf.util.sizeFromShape(shape);
    if (dtype === "string" || dtype === "complex64") {
      const elsewhere = cpuBackend().makeTensorInfo(shape, dtype, values);
      this.#entries.set(dataId, { address: 0, size, dtype, references: refCount, elsewhere });
    } else {
      const address = this.machine.memory.allocate(size * (dtype === "bool" ? 1 : 4));
      this.#entries.set(dataId, { address, size, dtype, references: refCount });
      if (values) this.view({ dataId, shape, dtype }).set(values as Float32Array);
    }
    this.#count++;
  }

  /** The numbers, at once. */
  override readSync(dataId: object): tf.BackendValues {
    const { elsewhere, dtype } = this.#entries.get(dataId);
    if (elsewhere) return cpuBackend().readSync(elsewhere.dataId as object);
    const view = this.view({ dataId, shape: [], dtype });
    const copy = dtype === "bool"
      ? new Uint8Array(view.length)
      : dtype === "int32"
      ? new Int32Array(view.length)
      : new Float32Array(view.length);
    copy.set(view);
    return copy;
  }

  /** The numbers. */
  override read(dataId: object): Promise<tf.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  /** Forgets a tensor that nothing else refers to. */
  override disposeData(dataId: object, force = false): boolean {
    if (!this.#entries.has(dataId)) return true;
    const entry = this.#entries.get(dataId);
    entry.references--;
    if (!force && entry.references > 0) return false;
    if (entry.elsewhere) cpuBackend().disposeData(entry.elsewhere.dataId as object);
    else this.machine.memory.free(entry.address);
    this.#entries.delete(dataId);
    this.#count--;
    return true;
  }

  /** One more refers to it. */
  override incRef(dataId: tf.DataId): void {
    this.#entries.get(dataId as object).references++;
  }

  /** How many refer to it. */
  override refCount(dataId: object): number {
    return this.#entries.has(dataId) ? this.#entries.get(dataId).references : 0;
  }

  /** How many tensors there are. */
  override numDataIds(): number {
    return this.#count;
  }

  /** What tfjs asks about the memory. */
  override memory(): { unreliable: boolean; numBytesInWasmHeap: number } {
    return { unreliable: false, numBytesInWasmHeap: this.machine.memory.used };
  }

  /** Milliseconds that a computation takes. */
  override async time(query: () => void): Promise<{ kernelMs: number }> {
    const start = performance.now();
    await query();
    return { kernelMs: performance.now() - start };
  }

  /** Bits of a number. */
  override floatPrecision(): 32 {
    return 32;
  }

  /** The smallest difference that counts. */
  override epsilon(): number {
    return 1e-7;
  }

  /** Frees all tensors. */
  override dispose(): void {
    this.machine[Symbol.dispose]();
  }

  /** Runs a kernel; should it fail, for want of memory say, what it had made is freed. */
  run<T>(kernel: () => T): T {
    this.#made.length = 0;
    try {
      return kernel();
    } catch (error) {
      for (const dataId of this.#made) this.disposeData(dataId, true);
      throw error;
    }
  }

  /**
   * Runs a kernel of the cpu backend on the numbers where they lie; what it makes is copied.
   *
   * @param keeps whether what it makes refers to what it was given, which is copied then.
   */
  onCpu(
    kernelFunc: tf.KernelFunc,
    inputs: tf.NamedTensorInfoMap,
    attrs: tf.NamedAttrMap,
    keeps = false,
  ): tf.TensorInfo | tf.TensorInfo[] {
    const cpu = cpuBackend(), lent: tf.TensorInfo[] = [];
    const lend = (t: tf.TensorInfo): tf.TensorInfo => {
      const { elsewhere } = this.#entries.get(t.dataId as object);
      if (elsewhere) cpu.incRef(elsewhere.dataId);
      const copy = elsewhere ? { ...elsewhere, shape: t.shape } : cpu.makeTensorInfo(
        t.shape,
        t.dtype,
        keeps ? this.readSync(t.dataId as object) : this.view(t),
      );
      lent.push(copy);
      return copy;
    };
    const take = (t: tf.TensorInfo): tf.TensorInfo => {
      const { shape, dtype } = t;
      if (dtype === "complex64" || dtype === "string") {
        const size = tf.util.sizeFromShape(shape);
        return {
          dataId: this.#enter({ address: 0, size, dtype, references: 1, elsewhere: t }),
          shape,
          dtype,
        };
      }
      const dataId = this.write(cpu.readSync(t.dataId as object), shape, dtype);
      cpu.disposeData(t.dataId as object);
      return { dataId, shape, dtype };
    };
    const copies = Array.isArray(inputs)
      ? inputs.map(lend) as unknown as tf.NamedTensorInfoMap
      : Object.fromEntries(
        Object.entries(inputs).filter(([, t]) => t != null).map(([name, t]) => [name, lend(t!)]),
      );
    try {
      const output = kernelFunc({ inputs: copies, attrs, backend: cpu });
      return Array.isArray(output) ? output.map(take) : take(output);
    } finally {
      for (const t of lent) cpu.disposeData(t.dataId as object);
    }
  }
}

/** The shared backend that is current, if one is. */
export function currentShared(): SharedBackend | undefined {
  const backend = tf.backend();
  return backend instanceof SharedBackend ? backend : undefined;
}

/**
 * The operations that `bench_ops.ts` times, one or more for every kernel of tfjs-wasm, and the
 * tensors they compute on.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { random, randomNormal } from "@lib/random.ts";

/** Rows and columns of what is computed on. */
export const SIZES = { small: [8, 16], medium: [256, 128], large: [4096, 256] } as const;

/** A size's name. */
export type Size = keyof typeof SIZES;
/** Tensors by name. */
export type Inputs = Record<string, tf.Tensor>;

/** What the operations compute on: R × C numbers of several kinds, made anew on each backend. */
export function inputs(R: number, C: number): Inputs {
  const next = random(1, "bench");
  const normal = Float32Array.from({ length: R * C }, () => randomNormal(next));
  const x = tf.tensor2d(normal, [R, C]), n = Math.max(1, Math.floor(R / 8));
  const whole = (size: number, below: number) =>
    Int32Array.from({ length: size }, () => Math.floor(next() * below));
  const i = tf.tensor2d(whole(R * C, 100), [R, C], "int32");
  const boards = Math.max(1, Math.floor(R / 32)), channels = Math.max(2, C / 4);
  return {
    x,
    y: x.reverse(0),
    row: x.slice([0, 0], [1, C]),
    column: x.slice([0, 0], [R, 1]),
    positive: x.abs().add(0.01),
    unit: x.tanh(),
    i,
    j: i.reverse(0).add(tf.scalar(1, "int32")),
    b: x.greater(0),
    c: x.greater(0.5),
    cube: x.reshape([R / 4, 4, C]),
    square: x.slice([0, 0], [Math.min(R, C), Math.min(R, C)]),
    w: x.slice([0, 0], [8, C]).transpose(),
    ids: tf.tensor1d(whole(R, R), "int32"),
    pairs: tf.tensor2d(whole(2 * R, Math.min(R, C)), [R, 2], "int32"),
    single: tf.tensor2d(whole(R, R), [R, 1], "int32"),
    flat: tf.tensor1d(whole(R, C), "int32"),
    sorted: tf.tensor2d(Float32Array.from({ length: R * C }, (_, k) => k % C), [R, C]),
    boards: tf.tensor4d(
      Float32Array.from({ length: boards * 64 * channels }, () => randomNormal(next)),
      [boards, 8, 8, channels],
    ),
    taps: tf.tensor4d(
      Float32Array.from({ length: 9 * channels * channels }, () => randomNormal(next)),
      [3, 3, channels, channels],
    ),
    depthTaps: tf.tensor4d(
      Float32Array.from({ length: 9 * channels }, () => randomNormal(next)),
      [3, 3, channels, 1],
    ),
    channel: tf.tensor1d(Float32Array.from({ length: channels }, () => 1 + next())),
    volume: tf.tensor5d(
      Float32Array.from({ length: n * 512 }, () => randomNormal(next)),
      [n, 8, 8, 8, 1],
    ),
    cubeTaps: tf.tensor5d(
      Float32Array.from({ length: 27 }, () => randomNormal(next)),
      [3, 3, 3, 1, 1],
    ),
  };
}

/** What is timed; what it makes is freed by the caller. */
export type Operation = (t: Inputs) => tf.Tensor | readonly tf.Tensor[];
const t1 = (t: tf.Tensor) => t as tf.Tensor1D;
const t2 = (t: tf.Tensor) => t as tf.Tensor2D;
const t4 = (t: tf.Tensor) => t as tf.Tensor4D;
const t5 = (t: tf.Tensor) => t as tf.Tensor5D;
const square = (t: Inputs) => [t["square"].shape[0], t["square"].shape[1]!] as [number, number];
const raw = (kernel: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap = {}) =>
  tf.engine().runKernel(kernel, inputs, attrs) as tf.Tensor;

/**
 * An operation for every kernel; several where its speed depends on types or axes, told apart by
 * what follows the kernel's name.
 */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  Abs: ({ x }) => x.abs(),
  "Abs int32": ({ i }) => i.abs(),
  Acos: ({ unit }) => unit.acos(),
  Acosh: ({ positive }) => raw("Acosh", { x: positive }),
  Add: ({ x, y }) => x.add(y),
  "Add row": ({ x, row }) => x.add(row),
  "Add column": ({ x, column }) => x.add(column),
  "Add scalar": ({ x }) => x.add(1),
  "Add int32": ({ i, j }) => i.add(j),
  AddN: ({ x, y, positive }) => tf.addN([x, y, positive]),
  All: ({ b }) => b.all(1),
  "All whole": ({ b }) => b.all(),
  Any: ({ b }) => b.any(1),
  "Any columns": ({ b }) => b.any(0),
  ArgMax: ({ x }) => x.argMax(1),
  "ArgMax columns": ({ x }) => x.argMax(0),
  "ArgMax int32": ({ i }) => i.argMax(1),
  ArgMin: ({ x }) => x.argMin(1),
  Asin: ({ unit }) => unit.asin(),
  Asinh: ({ x }) => x.asinh(),
  Atan: ({ x }) => x.atan(),
  Atan2: ({ x, y }) => tf.atan2(x, y),
  Atanh: ({ unit }) => unit.atanh(),
  AvgPool: ({ boards }) => tf.avgPool(t4(boards), 2, 2, "same"),
  AvgPoolGrad: ({ boards }) => tf.grad((x) => tf.avgPool(t4(x), 2, 1, "same"))(boards) as tf.Tensor,
  AvgPool3D: ({ volume }) => tf.avgPool3d(t5(volume), 2, 2, "same"),
  AvgPool3DGrad: ({ volume }) =>
    raw("AvgPool3DGrad", { dy: volume, input: volume }, {
      filterSize: 2,
      strides: 1,
      pad: "same",
    }),
  BatchMatMul: ({ x, w }) => tf.matMul(t2(x), t2(w)),
  "BatchMatMul square": ({ square }) => tf.matMul(t2(square), t2(square)),
  "BatchMatMul turned": ({ x }) => tf.matMul(t2(x), t2(x).slice([0, 0], [8, -1]), false, true),
  "BatchMatMul first turned": ({ x, y }) => tf.matMul(t2(x), t2(y), true, false),
  "BatchMatMul batch": ({ cube }) => tf.matMul(cube, cube, false, true),
  BatchToSpaceND: ({ boards }) =>
    tf.batchToSpaceND(tf.concat([boards, boards, boards, boards]), [2, 2], [[0, 0], [0, 0]]),
  Bincount: ({ flat }) => tf.bincount(t1(flat), tf.tensor1d([]), 100),
  BitwiseAnd: ({ i, j }) => tf.bitwiseAnd(i, j),
  BroadcastArgs: () => tf.broadcastArgs(tf.tensor1d([4, 1], "int32"), tf.tensor1d([1, 5], "int32")),
  Cast: ({ x }) => x.toInt(),
  "Cast bool": ({ b }) => b.toFloat(),
  Ceil: ({ x }) => x.ceil(),
  ClipByValue: ({ x }) => x.clipByValue(-1, 1),
  Concat: ({ x, y }) => tf.concat([x, y], 0),
  "Concat columns": ({ x, y }) => tf.concat([x, y], 1),
  Conv2D: ({ boards, taps }) => tf.conv2d(t4(boards), t4(taps), 1, "same"),
  "Conv2D one": ({ boards, taps }) =>
    tf.conv2d(t4(boards), t4(taps).slice([0, 0, 0, 0], [1, 1, -1, -1]), 1, "valid"),
  Conv2DBackpropInput: ({ boards, taps }) =>
    tf.conv2dTranspose(
      t4(boards),
      t4(taps),
      boards.shape as [number, number, number, number],
      1,
      "same",
    ),
  Conv3D: ({ volume, cubeTaps }) => tf.conv3d(t5(volume), t5(cubeTaps), 1, "same"),
  Conv3DBackpropFilterV2: ({ volume }) =>
    raw("Conv3DBackpropFilterV2", { x: volume, dy: volume }, {
      strides: 1,
      pad: "same",
      filterShape: [3, 3, 3, 1, 1],
    }),
  Conv3DBackpropInputV2: ({ volume, cubeTaps }) =>
    raw("Conv3DBackpropInputV2", { dy: volume, filter: cubeTaps }, {
      strides: 1,
      pad: "same",
      inputShape: volume.shape,
    }),
  Cos: ({ x }) => x.cos(),
  Cosh: ({ x }) => x.cosh(),
  CropAndResize: ({ boards }) =>
    tf.image.cropAndResize(
      t4(boards),
      tf.tensor2d([[0.1, 0.1, 0.9, 0.9]]),
      tf.tensor1d([0], "int32"),
      [16, 16],
    ),
  Cumprod: ({ unit }) => tf.cumprod(unit, 1),
  Cumsum: ({ x }) => tf.cumsum(x, 1),
  "Cumsum columns": ({ x }) => tf.cumsum(x, 0),
  "Cumsum int32": ({ i }) => tf.cumsum(i, 1),
  DenseBincount: ({ i }) => tf.denseBincount(t2(i), tf.tensor2d([], [0, 0]), 100),
  DepthToSpace: ({ boards }) =>
    tf.depthToSpace(t4(tf.concat([boards, boards], 3).slice([0, 0, 0, 0], [-1, -1, -1, 4])), 2),
  DepthwiseConv2dNative: ({ boards, depthTaps }) =>
    tf.depthwiseConv2d(t4(boards), t4(depthTaps), 1, "same"),
  Diag: ({ row }) => tf.diag(row.flatten()),
  Dilation2D: ({ boards, depthTaps }) =>
    tf.dilation2d(t4(boards), depthTaps.squeeze([3]) as tf.Tensor3D, 1, "same"),
  Dilation2DBackpropFilter: ({ boards, depthTaps }) =>
    raw("Dilation2DBackpropFilter", {
      x: boards,
      filter: depthTaps.squeeze([3]),
      dy: boards,
    }, { strides: 1, pad: "same", dilations: 1 }),
  Dilation2DBackpropInput: ({ boards, depthTaps }) =>
    raw("Dilation2DBackpropInput", {
      x: boards,
      filter: depthTaps.squeeze([3]),
      dy: boards,
    }, { strides: 1, pad: "same", dilations: 1 }),
  Elu: ({ x }) => x.elu(),
  EluGrad: ({ x, y }) => raw("EluGrad", { dy: x, y }),
  Equal: ({ x, y }) => x.equal(y),
  "Equal int32": ({ i, j }) => i.equal(j),
  "Equal int32 scalar": ({ i }) => i.equal(tf.scalar(3, "int32")),
  "Equal bool": ({ b, c }) => b.equal(c),
  Erf: ({ x }) => x.erf(),
  Exp: ({ x }) => x.exp(),
  ExpandDims: ({ x }) => x.expandDims(1),
  Expm1: ({ x }) => x.expm1(),
  Fill: ({ x }) => tf.fill(x.shape, 2.5),
  FlipLeftRight: ({ boards }) => tf.image.flipLeftRight(t4(boards)),
  Floor: ({ x }) => x.floor(),
  FloorDiv: ({ i, j }) => i.floorDiv(j),
  "FloorDiv float32": ({ x, y }) => x.floorDiv(y),
  FusedBatchNorm: ({ boards, channel }) =>
    tf.batchNorm(t4(boards), t1(channel), t1(channel), t1(channel), t1(channel)),
  FusedConv2D: ({ boards, taps, channel }) =>
    tf.fused.conv2d({
      x: t4(boards),
      filter: t4(taps),
      strides: 1,
      pad: "same",
      bias: channel,
      activation: "relu",
    }),
  FusedDepthwiseConv2D: ({ boards, depthTaps, channel }) =>
    tf.fused.depthwiseConv2d({
      x: t4(boards),
      filter: t4(depthTaps),
      strides: 1,
      pad: "same",
      bias: channel,
      activation: "relu",
    }),
  GatherNd: ({ square, pairs }) => tf.gatherND(square, pairs),
  "GatherNd rows": ({ x, single }) => tf.gatherND(x, single),
  GatherV2: ({ x, ids }) => tf.gather(x, t1(ids)),
  "GatherV2 columns": ({ x, flat }) => tf.gather(x, t1(flat).slice(0, 8), 1),
  "GatherV2 int32": ({ i, ids }) => tf.gather(i, t1(ids)),
  "GatherV2 batch": ({ x, flat }) => tf.gather(x, flat.reshape([-1, 1]), 1, 1),
  Greater: ({ x, y }) => x.greater(y),
  "Greater scalar": ({ x }) => x.greater(0),
  "Greater int32": ({ i, j }) => i.greater(j),
  GreaterEqual: ({ x, row }) => x.greaterEqual(row),
  IsFinite: ({ x }) => x.isFinite(),
  IsInf: ({ x }) => x.isInf(),
  IsNan: ({ x }) => x.isNaN(),
  Identity: ({ x }) => x.clone(),
  LeakyRelu: ({ x }) => x.leakyRelu(0.1),
  Less: ({ x, y }) => x.less(y),
  LessEqual: ({ x, column }) => x.lessEqual(column),
  LinSpace: ({ row }) => tf.linspace(0, 1, row.size),
  Log: ({ positive }) => positive.log(),
  Log1p: ({ positive }) => positive.log1p(),
  LogicalAnd: ({ b, c }) => b.logicalAnd(c),
  LogicalNot: ({ b }) => b.logicalNot(),
  LogicalOr: ({ b, c }) => b.logicalOr(c),
  LogicalXor: ({ b, c }) => b.logicalXor(c),
  LRN: ({ boards }) => tf.localResponseNormalization(t4(boards)),
  LRNGrad: ({ boards }) =>
    raw("LRNGrad", { x: boards, y: boards, dy: boards }, {
      depthRadius: 5,
      bias: 1,
      alpha: 1,
      beta: 0.5,
    }),
  Max: ({ x }) => x.max(1),
  "Max columns": ({ x }) => x.max(0),
  "Max whole": ({ x }) => x.max(),
  "Max int32": ({ i }) => i.max(1),
  MaxPool: ({ boards }) => tf.maxPool(t4(boards), 2, 2, "same"),
  MaxPoolGrad: ({ boards }) => tf.grad((x) => tf.maxPool(t4(x), 2, 2, "same"))(boards) as tf.Tensor,
  MaxPool3D: ({ volume }) => tf.maxPool3d(t5(volume), 2, 2, "same"),
  MaxPool3DGrad: ({ volume }) =>
    raw("MaxPool3DGrad", { dy: volume, input: volume, output: volume }, {
      filterSize: 1,
      strides: 1,
      pad: "same",
    }),
  MaxPoolWithArgmax: ({ boards }) => {
    const { result, indexes } = tf.maxPoolWithArgmax(t4(boards), 2, 2, "same");
    return [result, indexes];
  },
  Maximum: ({ x, y }) => x.maximum(y),
  "Maximum int32": ({ i, j }) => i.maximum(j),
  Mean: ({ x }) => x.mean(1),
  "Mean columns": ({ x }) => x.mean(0),
  "Mean int32": ({ i }) => i.mean(1),
  "Mean bool": ({ b }) => b.mean(),
  Min: ({ x }) => x.min(1),
  Minimum: ({ x, row }) => x.minimum(row),
  MirrorPad: ({ x }) => tf.mirrorPad(x, [[1, 1], [2, 2]], "reflect"),
  Mod: ({ x, positive }) => x.mod(positive),
  "Mod int32": ({ i }) => i.mod(tf.scalar(7, "int32")),
  Multinomial: ({ x }) => tf.multinomial(t2(x), 4, 1),
  Multiply: ({ x, y }) => x.mul(y),
  "Multiply row": ({ x, row }) => x.mul(row),
  "Multiply int32": ({ i, j }) => i.mul(j),
  Neg: ({ x }) => x.neg(),
  "Neg int32": ({ i }) => i.neg(),
  NonMaxSuppressionV3: ({ column }) => {
    const boxes = tf.concat([column, column, column.add(1), column.add(1)], 1);
    return tf.image.nonMaxSuppression(t2(boxes), t1(column.flatten()), 5, 0.5, 0);
  },
  NonMaxSuppressionV4: ({ column }) => {
    const boxes = tf.concat([column, column, column.add(1), column.add(1)], 1);
    return tf.engine().runKernel("NonMaxSuppressionV4", { boxes, scores: column.flatten() }, {
      maxOutputSize: 5,
      iouThreshold: 0.5,
      scoreThreshold: 0,
      padToMaxOutputSize: false,
    }) as tf.Tensor[];
  },
  NonMaxSuppressionV5: ({ column }) => {
    const boxes = tf.concat([column, column, column.add(1), column.add(1)], 1);
    return tf.engine().runKernel("NonMaxSuppressionV5", { boxes, scores: column.flatten() }, {
      maxOutputSize: 5,
      iouThreshold: 0.5,
      scoreThreshold: 0,
      softNmsSigma: 0,
    }) as tf.Tensor[];
  },
  NotEqual: ({ x, y }) => x.notEqual(y),
  OneHot: ({ flat, row }) => tf.oneHot(t1(flat), row.size),
  OnesLike: ({ x }) => tf.onesLike(x),
  Pack: ({ x, y }) => tf.stack([x, y], 1),
  PadV2: ({ x }) => tf.pad(x, [[1, 2], [2, 1]], 7),
  Pow: ({ positive, y }) => positive.pow(y),
  "Pow scalar": ({ positive }) => positive.pow(1.7),
  Prelu: ({ x, row }) => x.prelu(row),
  Prod: ({ unit }) => unit.prod(1),
  Range: ({ row }) => tf.range(0, row.size),
  RealDiv: ({ x, y }) => x.div(y),
  Reciprocal: ({ positive }) => positive.reciprocal(),
  Relu: ({ x }) => x.relu(),
  Relu6: ({ x }) => x.relu6(),
  Reshape: ({ x }) => x.reshape([-1]),
  ResizeBilinear: ({ boards }) => tf.image.resizeBilinear(t4(boards), [16, 16]),
  ResizeBilinearGrad: ({ boards }) =>
    tf.grad((x) => tf.image.resizeBilinear(t4(x), [16, 16]))(boards) as tf.Tensor,
  ResizeNearestNeighbor: ({ boards }) => tf.image.resizeNearestNeighbor(t4(boards), [16, 16]),
  ResizeNearestNeighborGrad: ({ boards }) =>
    tf.grad((x) => tf.image.resizeNearestNeighbor(t4(x), [16, 16]))(boards) as tf.Tensor,
  Reverse: ({ x }) => x.reverse(1),
  "Reverse rows": ({ x }) => x.reverse(0),
  RotateWithOffset: ({ boards }) => tf.image.rotateWithOffset(t4(boards), 0.3),
  Round: ({ x }) => x.round(),
  Rsqrt: ({ positive }) => positive.rsqrt(),
  ScatterNd: ({ x, single }) => tf.scatterND(single, x, x.shape),
  "ScatterNd points": ({ square: s, pairs, column }) =>
    tf.scatterND(pairs, column.flatten(), square({ square: s })),
  SearchSorted: ({ sorted, unit }) => tf.searchSorted(sorted, unit.slice([0, 0], [-1, 4])),
  Select: ({ b, x, y }) => tf.where(b, x, y),
  "Select scalar": ({ b, x }) => tf.where(b, x, 0),
  "Select rows": ({ b, x, y }) => tf.where(b.slice([0, 0], [-1, 1]), x, y),
  "Select int32": ({ b, i, j }) => tf.where(b, i, j),
  Selu: ({ x }) => x.selu(),
  Sigmoid: ({ x }) => x.sigmoid(),
  Sign: ({ x }) => x.sign(),
  Sin: ({ x }) => x.sin(),
  Sinh: ({ x }) => x.sinh(),
  Slice: ({ x }) => x.slice([1, 2], [5, 7]),
  "Slice rows": ({ x }) => x.slice([1, 0], [x.shape[0] - 2, -1]),
  "Slice columns": ({ x }) => x.slice([0, 1], [-1, x.shape[1]! - 2]),
  "Slice bool": ({ b }) => b.slice([1, 0], [b.shape[0] - 2, -1]),
  Softmax: ({ x }) => tf.softmax(x),
  LogSoftmax: ({ x }) => tf.logSoftmax(x),
  Softplus: ({ x }) => x.softplus(),
  SpaceToBatchND: ({ boards }) => tf.spaceToBatchND(boards, [2, 2], [[0, 0], [0, 0]]),
  SparseFillEmptyRows: ({ column }) => {
    const rows = column.shape[0], at = tf.range(0, rows, 2, "int32");
    const indices = tf.stack([at, tf.zerosLike(at)], 1) as tf.Tensor2D;
    const values = column.flatten().slice(0, at.size) as tf.Tensor1D;
    const shape = tf.tensor1d([rows, 1], "int32");
    return Object.values(tf.sparse.sparseFillEmptyRows(indices, values, shape, tf.scalar(0)));
  },
  SparseReshape: ({ pairs, square: s }) => {
    const shape = tf.tensor1d(square({ square: s }), "int32");
    return Object.values(tf.sparse.sparseReshape(t2(pairs), shape, tf.tensor1d([-1], "int32")));
  },
  SparseSegmentMean: ({ x, ids }) => {
    const segments = tf.range(0, ids.size, 1, "int32");
    return tf.sparse.sparseSegmentMean(t2(x), t1(ids), segments);
  },
  SparseSegmentSum: ({ x, ids }) => {
    const segments = tf.range(0, ids.size, 1, "int32");
    return tf.sparse.sparseSegmentSum(t2(x), t1(ids), segments);
  },
  SparseToDense: ({ square: s, pairs, column }) =>
    tf.sparseToDense(pairs, column.flatten(), square({ square: s }), 0),
  SplitV: ({ x }) => tf.split(x, 2, 1),
  Sqrt: ({ positive }) => positive.sqrt(),
  Square: ({ x }) => x.square(),
  "Square int32": ({ i }) => i.square(),
  SquaredDifference: ({ x, y }) => tf.squaredDifference(x, y),
  Step: ({ x }) => x.step(),
  StridedSlice: ({ x }) => x.stridedSlice([0, 1], [x.shape[0], x.shape[1]!], [2, 2]),
  StringNGrams: () =>
    Object.values(
      tf.string.stringNGrams(
        tf.tensor1d(["a", "b", "c"]),
        tf.tensor1d([0, 3], "int32"),
        "|",
        [2],
        "",
        "",
        0,
        false,
      ),
    ),
  StringSplit: () =>
    Object.values(tf.string.stringSplit(tf.tensor1d(["e4 e5", "d4"]), tf.scalar(" "))),
  StringToHashBucketFast: () => tf.string.stringToHashBucketFast(tf.tensor1d(["e4", "d4"]), 10),
  Sub: ({ x, y }) => x.sub(y),
  "Sub int32": ({ i, j }) => i.sub(j),
  Sum: ({ x }) => x.sum(1),
  "Sum columns": ({ x }) => x.sum(0),
  "Sum whole": ({ x }) => x.sum(),
  "Sum int32": ({ i }) => i.sum(1),
  "Sum bool": ({ b }) => b.sum(),
  Tan: ({ x }) => x.tan(),
  Tanh: ({ x }) => x.tanh(),
  TensorScatterUpdate: ({ x, single, y }) => tf.tensorScatterUpdate(x, single, y),
  Tile: ({ x }) => x.tile([2, 2]),
  "Tile int32": ({ i }) => i.tile([2, 1]),
  "Tile bool": ({ b }) => b.tile([2, 1]),
  TopK: ({ x }) => {
    const { values, indices } = tf.topk(x, 5);
    return [values, indices];
  },
  "TopK half": ({ x }) => {
    const { values, indices } = tf.topk(x, x.shape[1]! / 2);
    return [values, indices];
  },
  Transform: ({ boards }) =>
    tf.image.transform(t4(boards), tf.tensor2d([[1, 0.1, 0, 0, 1, 0, 0, 0]])),
  Transpose: ({ x }) => x.transpose(),
  "Transpose cube": ({ cube }) => cube.transpose([1, 0, 2]),
  "Transpose int32": ({ i }) => i.transpose(),
  "Transpose bool": ({ b }) => b.transpose(),
  Unique: ({ ids }) => Object.values(tf.unique(ids)),
  Unpack: ({ x }) => tf.unstack(x.slice([0, 0], [8, -1])),
  ZerosLike: ({ x }) => tf.zerosLike(x),
  _FusedMatMul: ({ x, w }) => tf.fused.matMul({ a: t2(x), b: t2(w), activation: "relu" }),
  "tensor from an array": ({ x }) => tf.tensor(VALUES, [VALUES.length, x.shape[1]! && 1]),
  "dataSync": ({ x }) => {
    x.dataSync();
    return [];
  },
};

const VALUES = Array.from({ length: 1000 }, (_, i) => i);

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { random, randomInteger } from "@lib/random.ts";
import { agree, extreme, normal, on, routes, shapes } from "../routes.ts";

const odd = (shape: number[], name = "x") => tf.tensor(extreme(shape, name), shape);
const whole = (shape: number[], name: string, below = 9) => {
  const next = random(5, name);
  const size = shape.reduce((n, d) => n * d, 1);
  const values = Int32Array.from({ length: size }, () => randomInteger(next, 2 * below) - below);
  return tf.tensor(values, shape, "int32");
};
const truth = (shape: number[], name: string) => whole(shape, name, 1).equal(0);

const UNARY = [
  ...["neg", "exp", "log", "sqrt", "rsqrt", "square", "abs", "relu", "sigmoid", "tanh"],
  ...["reciprocal", "erf", "sign", "floor", "ceil", "sin", "cos", "tan", "asin", "acos", "atan"],
  ...["sinh", "cosh", "asinh", "acosh", "atanh", "expm1", "log1p", "softplus", "elu", "selu"],
  ...["relu6", "round", "isNaN", "isInf", "isFinite", "step", "leakyRelu"],
] as const;

Deno.test("functions of one number, also of zeros, NaN, infinities and extremes", () => {
  for (const name of UNARY) {
    for (const shape of [[7, 31], [0], [], [3, 0, 2], [70_001]]) {
      const f = (tf as unknown as Record<string, (x: tf.Tensor) => tf.Tensor>)[name];
      agree(`${name} [${shape}]`, () => {
        const x = odd(shape, name);
        // What grows without bound is compared where it can be told apart.
        return [f(/exp|cosh|sinh|square/.test(name) ? x.clipByValue(-5, 5) : x)];
      });
    }
  }
  agree("at the ends", () => {
    const x = tf.tensor1d([88, 89, -88, -104, 1e-8, -1e-8, 3e38, -3e38, NaN, Infinity, -Infinity]);
    return [x.exp(), x.expm1(), x.cosh(), x.sinh(), x.square(), x.softplus(), x.log1p()]
      .map((y) => y.div(1e38));
  });
});

Deno.test("small numbers keep their digits where the function is close to its argument", () => {
  const x = normal([500], "small").map((x) => x * 1e-6);
  for (const name of ["expm1", "log1p", "sinh", "asinh", "atanh", "sin", "tan", "asin", "atan"]) {
    agree(name, () => [
      (tf as unknown as Record<string, (x: tf.Tensor) => tf.Tensor>)[name](tf.tensor1d(x)),
    ]);
  }
});

Deno.test("angles of any size", () => {
  const next = random(1, "angles");
  const x = Float32Array.from({ length: 3000 }, (_, i) => (next() - 0.5) * 10 ** (i % 40));
  agree("sin, cos", () => [tf.sin(tf.tensor1d(x)), tf.cos(tf.tensor1d(x))]);
  for (const route of routes) {
    const [tan] = on(route, () => [tf.tan(tf.tensor1d(x))]);
    tan.forEach((y, i) => {
      const expected = Math.tan(x[i]);
      const allowed = 1e-6 * (1 + expected * expected);
      assert.ok(Object.is(y, expected) || Math.abs(y - expected) <= allowed, `tan ${x[i]} = ${y}`);
    });
  }
});

const BINARY = [
  ...["add", "sub", "mul", "div", "maximum", "minimum", "squaredDifference", "greater"],
  ...["greaterEqual", "less", "lessEqual", "equal", "notEqual", "pow", "mod", "floorDiv", "atan2"],
] as const;
type Pair = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;
const pair = (name: string) => (tf as unknown as Record<string, Pair>)[name];

Deno.test("functions of two numbers with every broadcast, also of NaN and infinities", () => {
  const next = random(1, "broadcast");
  for (const name of BINARY) {
    for (const shape of shapes(10, 3, name)) {
      const thin = () => shape.map((n) => next() < 0.4 ? 1 : n);
      const [a, b] = [thin(), thin().slice(randomInteger(next, 3))];
      agree(`${name} [${a}] [${b}]`, () => [pair(name)(odd(a, "a"), odd(b, "b"))]);
    }
  }
});

Deno.test("whole numbers", () => {
  const names = BINARY.filter((name) => !/div|pow|atan2/.test(name));
  for (const name of [...names, "floorDiv", "div"]) {
    agree(name, () => [
      pair(name)(whole([5, 41], "a"), whole([41], "b")),
      pair(name)(whole([5, 41], "a", 2 ** 24), whole([5, 1], "b", 2 ** 10)),
      pair(name)(whole([0, 3], "a"), whole([3], "b")),
    ]);
  }
  agree("functions of one", () => {
    const x = whole([3, 70], "x", 1000);
    return [
      x.neg(),
      x.abs(),
      x.square(),
      x.relu(),
      x.sign(),
      tf.bitwiseAnd(x, whole([3, 70], "y")),
    ];
  });
  agree("the ends", () => {
    const x = tf.tensor1d([2 ** 31 - 1, -(2 ** 31), 7, -7, 0, 1], "int32");
    const y = tf.tensor1d([-1, -1, 0, 0, 0, -(2 ** 31)], "int32");
    return [x.add(y), x.sub(y), x.floorDiv(y), x.mod(y), x.neg(), x.maximum(y), x.less(y)];
  });
});

Deno.test("truths", () => {
  for (const [a, b] of [[[4, 33], [4, 33]], [[4, 33], [1, 33]], [[0], [0]], [[], [5]]]) {
    agree(`[${a}] [${b}]`, () => {
      const x = truth(a, "a"), y = truth(b, "b");
      return [
        x.logicalAnd(y),
        x.logicalOr(y),
        x.logicalXor(y),
        x.logicalNot(),
        x.equal(y),
        x.notEqual(y),
      ];
    });
  }
});

Deno.test("where, sums of several, gradients of activations, prelu, types", () => {
  for (const shape of shapes(8, 2, "where")) {
    agree(`[${shape}]`, () => {
      const x = odd(shape, "x"), y = odd(shape, "y"), c = truth(shape, "c");
      const i = whole(shape, "i");
      return [
        tf.where(c, x, y),
        tf.where(c, x, tf.scalar(0)),
        tf.where(c.slice([0, 0], [-1, Math.min(1, shape[1])]), x, y),
        tf.where(c, i, i.neg()),
        tf.addN([x, y, x]),
        tf.addN([i, i]),
        tf.leakyRelu(x, 0.3),
        tf.prelu(x, y),
        tf.prelu(x, y.slice([0, 0], [Math.min(1, shape[0]), -1])),
        tf.grad((x) => tf.elu(x))(x),
        tf.grad((x) => tf.leakyRelu(x))(x),
        i.toFloat(),
        c.toFloat(),
        c.toInt(),
        i.toBool(),
      ];
    });
  }
});

// The models of TensorFlow.js: built, saved and run there, for make_javascript.py.
//
//     node tensorflowjs.js FOLDER
//
// Writes FOLDER/<model>/model.json, weights.bin and golden.json (inputs and outputs as lists).
// Rules: seeded; what Teachable Machine does in the browser is done in the same way here.

const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs");

const layer = tf.layers;
const GAINS = [0.35, 0.5, 0.7, 1.0, 0.25]; // of kernels, tried in turn with other seeds
const ATTEMPTS = 60;

function teachable() {
  const image = tf.input({ shape: [16, 16, 3] });
  let x = layer.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: "same", useBias: false, name: "Conv1" }).apply(image);
  x = layer.batchNormalization({ name: "bn_Conv1" }).apply(x);
  x = layer.reLU({ maxValue: 6, name: "Conv1_relu" }).apply(x);
  x = layer.zeroPadding2d({ padding: [[0, 1], [0, 1]], name: "block_pad" }).apply(x);
  x = layer.depthwiseConv2d({ kernelSize: 3, strides: 2, useBias: false, name: "block_depthwise" }).apply(x);
  x = layer.batchNormalization({ name: "block_BN" }).apply(x);
  const features = tf.model({ inputs: image, outputs: x, name: "model1" });
  const trunk = tf.sequential();
  trunk.add(features);
  trunk.add(layer.globalAveragePooling2d({}));
  const head = tf.sequential();
  head.add(layer.dense({ inputShape: [4], units: 6, activation: "relu" }));
  head.add(layer.dense({ units: 4, useBias: false, activation: "softmax" }));
  const model = tf.sequential();
  model.add(trunk);
  model.add(head);
  return model;
}

function convolutions() {
  const model = tf.sequential();
  model.add(layer.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: "same", activation: "relu", inputShape: [12, 10, 3] }));
  model.add(layer.separableConv2d({ filters: 4, kernelSize: 2, activation: "hardSigmoid" }));
  model.add(layer.upSampling2d({ size: [2, 1] }));
  model.add(layer.leakyReLU({ alpha: 0.1 }));
  model.add(layer.flatten());
  model.add(layer.dropout({ rate: 0.3 }));
  model.add(layer.dense({ units: 4, activation: "softmax" }));
  return model;
}

function branches() {
  const left = tf.input({ shape: [8, 7, 2], name: "left" });
  const right = tf.input({ shape: [8, 7, 2], name: "right" });
  const shared = layer.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2, name: "shared" });
  const [a, b] = [shared.apply(left), shared.apply(right)];
  const x = layer.concatenate({ axis: -1 }).apply([layer.add().apply([a, b]), layer.multiply().apply([a, b])]);
  const one = layer.dense({ units: 4, name: "one" }).apply(layer.flatten().apply(x));
  const two = layer.globalMaxPooling2d({ name: "two" }).apply(b);
  return tf.model({ inputs: [left, right], outputs: [one, two] });
}

function recurrent() {
  const model = tf.sequential();
  model.add(layer.lstm({ units: 4, inputShape: [5, 3], returnSequences: true }));
  model.add(layer.bidirectional({ layer: layer.gru({ units: 3, returnSequences: true, resetAfter: false }), mergeMode: "concat" }));
  model.add(layer.timeDistributed({ layer: layer.dense({ units: 3 }) }));
  model.add(layer.simpleRNN({ units: 4 }));
  return model;
}

const MODELS = { teachable, convolutions, branches, recurrent };

function randomize(model, attempt) {
  let seed = 1000 * attempt;
  const gain = GAINS[attempt % GAINS.length];
  const walk = (inside) => {
    if (inside.layers) return inside.layers.forEach(walk);
    const weights = inside.getWeights();
    if (!weights.length) return;
    inside.setWeights(weights.map((weight, number) => {
      seed += 1;
      const name = inside.weights[number].name;
      if (/variance|gamma/.test(name)) return tf.randomUniform(weight.shape, 0.5, 1.5, "float32", seed);
      return tf.randomNormal(weight.shape, 0, weight.shape.length > 1 ? gain : 0.3, "float32", seed);
    }));
  };
  model.layers.forEach(walk);
}

// Whether every two images have clearly different outputs, none of them saturated.
function tells(output) {
  const [count, width] = output.shape;
  const data = output.dataSync();
  const [least, most] = [Math.min(...data), Math.max(...data)];
  if (least >= 0 && most <= 1 && most > 0.98) return false;
  for (let one = 0; one < count; one += 1) {
    for (let other = 0; other < one; other += 1) {
      let difference = 0;
      for (let n = 0; n < width; n += 1) {
        const step = data[one * width + n] - data[other * width + n];
        difference = Math.max(difference, Math.abs(step));
      }
      if (difference < 0.06) return false;
    }
  }
  return true;
}

const plain = (tensor, name) => ({ name, shape: tensor.shape, data: Array.from(tensor.dataSync()) });

async function write(name, model, root) {
  const folder = path.join(root, name);
  fs.mkdirSync(folder, { recursive: true });
  const inputs = model.inputs.map((input, number) =>
    tf.randomNormal([3, ...input.shape.slice(1)], 0, 1, "float32", 100 + number));
  let outputs = [];
  for (let attempt = 0; attempt < ATTEMPTS && !outputs.length; attempt += 1) {
    randomize(model, attempt);
    const found = model.predict(inputs.length > 1 ? inputs : inputs[0]);
    const all = Array.isArray(found) ? found : [found];
    if (all.every(tells)) outputs = all;
  }
  if (!outputs.length) throw new Error(`${name} gives outputs that prove too little`);
  await model.save(tf.io.withSaveHandler(async (artifacts) => {
    const { modelTopology, weightSpecs, weightData, format, generatedBy, convertedBy } = artifacts;
    const weightsManifest = [{ paths: ["./weights.bin"], weights: weightSpecs }];
    const text = JSON.stringify({ modelTopology, format, generatedBy, convertedBy, weightsManifest });
    fs.writeFileSync(path.join(folder, "model.json"), text);
    fs.writeFileSync(path.join(folder, "weights.bin"), Buffer.from(weightData));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  }));
  const golden = {
    version: tf.version["tfjs-layers"],
    inputs: inputs.map((tensor, number) => plain(tensor, model.inputNames[number])),
    outputs: outputs.map((tensor, number) => plain(tensor, model.outputNames[number])),
  };
  fs.writeFileSync(path.join(folder, "golden.json"), JSON.stringify(golden));
}

(async () => {
  await tf.setBackend("cpu");
  for (const [name, build] of Object.entries(MODELS)) await write(name, build(), process.argv[2]);
})();

// Speaks Uniform Resources by another library: one JSON order a line in, one JSON answer a line out.
const { UR, UREncoder, URDecoder } = require("@ngraveio/bc-ur");
const readline = require("node:readline");

const orders = {
  encode({ type, payload, fragment, count }) {
    const encoder = new UREncoder(new UR(Buffer.from(payload, "hex"), type), fragment, 0, 1);
    return { frames: Array.from({ length: count }, () => encoder.nextPart()) };
  },

  // Takes frames in until the message is complete; those taken and those refused are counted.
  decode({ frames }) {
    const decoder = new URDecoder();
    let taken = 0;
    let refused = 0;
    for (const frame of frames) {
      taken += 1;
      try {
        if (!decoder.receivePart(frame)) refused += 1;
      } catch {
        refused += 1;
      }
      if (decoder.isComplete()) break;
    }
    if (!decoder.isSuccess()) return { taken, refused };
    const message = decoder.resultUR();
    return { taken, refused, type: message.type, payload: message.cbor.toString("hex") };
  },
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { order, ...given } = JSON.parse(line);
  console.log(JSON.stringify(orders[order](given)));
});

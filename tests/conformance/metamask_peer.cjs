// MetaMask's keyring of QR wallets: one JSON order a line in, one JSON answer a line out.
const { MetaMaskKeyring } = require("@keystonehq/metamask-airgapped-keyring");
const { URDecoder } = require("@ngraveio/bc-ur");
const readline = require("node:readline");

const orders = {
  // Pairs with the wallet that shows these frames; the first page of addresses is what a person is offered.
  async pair({ frames }) {
    const decoder = new URDecoder();
    for (const frame of frames) decoder.receivePart(frame);
    const { type, cbor } = decoder.resultUR();
    const keyring = new MetaMaskKeyring();
    keyring.forgetDevice();
    const reading = keyring.readKeyring();
    keyring.submitCryptoHDKey(cbor.toString("hex"));
    await reading;
    const page = await keyring.getFirstPage();
    const { xfp, hdPath, childrenPath } = keyring;
    return { type, fingerprint: xfp, path: hdPath, children: childrenPath, name: keyring.getName(),
      addresses: page.map((one) => one.address) };
  },
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { order, ...given } = JSON.parse(line);
  const answer = await orders[order](given).catch((error) => ({ error: error.message }));
  console.log(JSON.stringify(answer));
});

// smtp-server of npm, which takes everything and keeps nothing: STARTTLS, XOAUTH2 with any token.
// Arguments: its folder of modules, and the folder with key and certificate. It prints its port when it listens.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, folder] = process.argv.slice(2);
const { SMTPServer } = createRequire(join(modules, "_"))("smtp-server");

let taken = 0;
const server = new SMTPServer({
  key: readFileSync(join(folder, "key.pem")),
  cert: readFileSync(join(folder, "server.pem")),
  authMethods: ["XOAUTH2"],
  size: 60e6,
  disableReverseLookup: true,
  onAuth: (auth, session, done) => done(null, { user: auth.username }),
  onData(stream, session, done) {
    stream.on("data", () => {});
    stream.on("end", () => done(null, `taken as ${++taken}`));
  },
});
server.on("error", () => {}); // of one connection
server.listen(0, "127.0.0.1", () => console.log(`port ${server.server.address().port}`));

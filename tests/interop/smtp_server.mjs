// smtp-server of npm as a submission server that nobody here wrote: STARTTLS, and XOAUTH2 with one good token.
// Arguments: its folder of modules, the folder with key and certificate and for the messages, user and good token.
// It prints its port when it listens, and a line for each message, which lies in a file with its number then.
import { createWriteStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, folder, user, token] = process.argv.slice(2);
const { SMTPServer } = createRequire(join(modules, "_"))("smtp-server");

let taken = 0;
const server = new SMTPServer({
  key: readFileSync(join(folder, "key.pem")),
  cert: readFileSync(join(folder, "server.pem")),
  authMethods: ["XOAUTH2"],
  size: 60e6,
  disableReverseLookup: true,
  onAuth(auth, session, done) {
    if (auth.username === user && auth.accessToken === token) return done(null, { user });
    return done(null, { data: { status: "401", schemes: "bearer", scope: "mail" } });
  },
  onData(stream, session, done) {
    const number = ++taken;
    const { mailFrom, rcptTo } = session.envelope;
    stream.pipe(createWriteStream(join(folder, `${number}.eml`))).on("finish", () => {
      console.log(JSON.stringify({ number, from: mailFrom.address, args: mailFrom.args, to: rcptTo.map((to) => to.address) }));
      done(null, `taken as ${number}`);
    });
  },
});
server.on("error", () => {}); // of one connection; the test sees it at its own end
server.listen(0, "127.0.0.1", () => console.log(`port ${server.server.address().port}`));

// A scan from a controller written in JavaScript, over the control socket of a running engine (docs/control.md).
//
//     node examples/send_scan.mjs /run/franking/franking.sock kim lee@example.com scan.pdf
//
// Sends the file, submits the job, and follows the facts until the mail was sent or has ended. Without a library.
import { createReadStream } from "node:fs";
import { request } from "node:http";
import { basename } from "node:path";
import { createInterface } from "node:readline";

const [socketPath, user, to, file] = process.argv.slice(2);
if (!file) {
  console.error("usage: node send_scan.mjs SOCKET USER ADDRESS FILE");
  process.exit(64);
}

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path }, resolve).on("error", reject);
    if (body?.pipe) body.on("error", reject).pipe(asking);
    else asking.end(body && JSON.stringify(body));
  });
}

async function asked(method, path, body) {
  const answer = await ask(method, path, body);
  let text = "";
  for await (const octets of answer.setEncoding("utf8")) text += octets;
  const found = text && JSON.parse(text);
  if (answer.statusCode < 300) return found;
  for (const rule of found.rules) console.error(`${rule.sentence} ${rule.remedy} (${rule.who})`);
  if (!found.rules.length) console.error(found.detail);
  process.exit(answer.statusCode < 500 ? 65 : 69);
}

const { upload } = await asked("POST", `/files?name=${encodeURIComponent(basename(file))}`, createReadStream(file));
const wanted = { function: "Scan to E-mail", user, to: [to], files: [`upload:${upload}`] };
const { job } = await asked("POST", "/jobs", { request: wanted });

// What happened since the job was submitted, and whatever comes; only who keeps the device may read the journal.
const facts = await ask("GET", "/events?after=0");
const ends = new Set(["JobSent", "JobFailed", "JobEndedInPart", "JobCancelled", "JobDeferred"]);
for await (const line of createInterface({ input: facts })) {
  if (!line) continue;
  const { fact, about } = JSON.parse(line);
  if (about?.job !== String(job)) continue;
  console.log(fact);
  if (ends.has(fact)) break;
}
facts.destroy();
const { status } = await asked("GET", `/jobs/${job}`);
console.log(`job ${job}: ${status.state}${status.reason && `, ${status.reason}`}`);
process.exit({ sent: 0, ended: 65 }[status.state] ?? 75);

// nodemailer of npm as a program that sends a message as it lies in a file.
// Arguments: its folder of modules, host, port, sender, recipient, and the file.
// It prints what the server answered to the message.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, host, port, from, to, file] = process.argv.slice(2);
const nodemailer = createRequire(join(modules, "_"))("nodemailer");

const transport = nodemailer.createTransport({ host, port: Number(port), secure: false, ignoreTLS: true });
const { response } = await transport.sendMail({ envelope: { from, to: [to] }, raw: readFileSync(file) });
console.log(response);

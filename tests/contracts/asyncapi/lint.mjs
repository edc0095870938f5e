// Holds an AsyncAPI document to the standard, with the standard's own parser: node lint.mjs file.yaml. Anything it has to
// say, down to a hint, is an error.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const severities = ["error", "warning", "information", "hint"];
const rules = {
  "asyncapi-latest-version": "off", // 3.0 is what most tools read, and 3.1 has nothing for us
};
const [file] = process.argv.slice(2);
const { document, diagnostics } = await new Parser({ ruleset: { rules } }).parse(await readFile(file, "utf8"), { source: file });
for (const { severity, path, range, message } of diagnostics) {
  console.error(`${file}:${range.start.line + 1}: ${severities[severity]}: ${message} (${path.join(".")})`);
}
if (!document || diagnostics.length > 0) process.exit(1);
console.log(`${file}: ${document.channels().length} channels, ${document.operations().length} operations, nothing to complain of`);

// What a page can do beyond HTML. Without it everything still works, except that nothing changes by itself.
import { localize } from "./local.js";
import "./forms.js";
import "./countdown.js";
import "./live.js";
import "./queue.js";

localize(document);

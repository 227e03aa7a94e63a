const byId = (id) => document.getElementById(id);
const EVERY_MS = 1000;
const KEPT_S = 1800;
const VERDICTS_EVERY_MS = 3000;

async function ask(path, body) {
  const how = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const answer = await fetch(path, how);
  if (!answer.headers.get("Content-Type").startsWith("application/json")) throw new Error(await answer.text());
  const told = await answer.json();
  if (told.error) throw new Error(told.error);
  return told;
}

function say(text, wrong = false) {
  byId("said").textContent = text;
  byId("said").classList.toggle("wrong", wrong);
}

// Runs `work` again and again, one at a time; what goes wrong is shown until it goes well again.
function often(work, everyMs) {
  let failed = false;
  const again = async () => {
    try {
      await work();
      if (failed) say("");
      failed = false;
    } catch (error) {
      failed = true;
      say(`${error.message || error}`, true);
    }
    setTimeout(again, everyMs);
  };
  again();
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

async function press(button, work) {
  button.disabled = true;
  try {
    say(await work());
  } catch (error) {
    say(error.message, true);
  }
  button.disabled = false;
}

async function offer() {
  const groups = new Map();
  (await ask("offers")).forEach(({ target, label }, number) => {
    if (!groups.has(target)) {
      const group = document.createElement("fieldset");
      group.append(element("legend", target));
      groups.set(target, group);
    }
    const button = element("button", label);
    button.type = "button";
    button.setAttribute("aria-label", `${label} on ${target}`);
    button.onclick = () => press(button, async () => {
      const told = await ask("strike", { offer: number, for_s: Number(byId("for_s").value) });
      return `${told.strike}: ${told.bit || "in force; nothing has met it yet"}`;
    });
    groups.get(target).append(button);
  });
  byId("offers").replaceChildren(...groups.values());
}

async function plot() {
  Bokeh.set_log_level("error"); // It warns of every plot that has no data yet.
  await Bokeh.embed.embed_item(await ask("plots"));
  const drawn = Bokeh.documents[0];
  const seconds = {};
  often(async () => {
    const { rows, windows, load, users, halted } = await ask(`state?after=${seconds.t?.at(-1) ?? -1}`);
    byId("load").textContent = `load: ${load}, ${users} users` + (halted ? `; halted: ${halted}` : "");
    byId("load").classList.toggle("invalid", Boolean(halted));
    for (const [name, values] of Object.entries(rows)) seconds[name] = [...(seconds[name] ?? []), ...values].slice(-KEPT_S);
    fillBoard(drawn, { seconds, windows });
    document.body.dataset.inForce = windows.in_force.filter(Boolean).length;
  }, EVERY_MS);
}

function verdict({ check, status, observed, findings, found }) {
  const row = document.createElement("tr");
  const said = [`${observed} looked at`, ...findings, ...(found > findings.length ? [`and ${found - findings.length} more`] : [])];
  row.append(element("td", check), element("td", status, status), element("td", status === "invalid" ? said.join("\n") : said[0]));
  row.dataset.check = check;
  return row;
}

byId("heal").onclick = () => press(byId("heal"), async () => {
  const { healed } = await ask("heal", {});
  return healed.length ? `healed: ${healed.join(", ")}` : "nothing was in force";
});

byId("save").onsubmit = (event) => {
  event.preventDefault();
  press(event.submitter, async () => {
    const saved = await ask("save", { name: byId("name").value, last_s: Number(byId("last_s").value) });
    return `saved as ${saved.path}`;
  });
};

const { steered } = await ask("state");
if (steered) {
  await offer();
  await plot();
  often(async () => {
    const judged = await ask("verdicts");
    byId("verdicts").tBodies[0].replaceChildren(...judged.verdicts.map(verdict));
  }, VERDICTS_EVERY_MS);
} else {
  say("What answers at --host was started by somebody else: nothing can be struck here, or seen from inside.", true);
}

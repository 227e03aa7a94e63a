// What a replay says, while it says it. Without scripts the page loads itself anew.
"use strict";

const state = document.getElementById("state");
const said = document.getElementById("said");

async function look() {
  const answer = await fetch("/replay/output");
  if (!answer.ok) {
    return;
  }
  const now = await answer.json();
  if (said.textContent !== now.said) {
    said.textContent = now.said;
    said.scrollTop = said.scrollHeight;
  }
  if (now.code === null) {
    setTimeout(look, 500);
    return;
  }
  state.textContent = `ended with ${now.code}`;
  state.dataset.code = now.code;
  document.getElementById("stop")?.remove();
}

if (state && state.dataset.code === "") {
  look();
}

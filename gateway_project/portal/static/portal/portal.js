// Replaces the live part of the page every two seconds, while somebody can see it.
const live = document.getElementById("live");
const summary = document.getElementById("summary");

async function refresh() {
  const open = [...live.querySelectorAll("details[open]")].map((one) => one.dataset.key);
  const focused = live.contains(document.activeElement) && document.activeElement.closest("details");
  const response = await fetch("/-/status");
  if (!response.ok) throw new Error(response.status);
  live.innerHTML = await response.text();
  live.querySelectorAll("details").forEach((one) => { one.open = open.includes(one.dataset.key); });
  if (focused) live.querySelector(`[data-key="${CSS.escape(focused.dataset.key)}"] summary`)?.focus();
  return live.firstElementChild.dataset.summary;
}

setInterval(async () => {
  if (document.hidden) return;
  const text = await refresh().catch(() => "The gateway does not respond; the state below is old.");
  if (summary.textContent !== text) summary.textContent = text; // read aloud only when it changes
}, 2000);

// What makes the operators' pages better where script runs; each page works without it.
"use strict";

// "3 min ago", "in 2 h": kept true without asking the node.
function words(seconds) {
  const whole = Math.abs(Math.trunc(seconds));
  const days = whole < 172800 ? 0 : Math.floor(whole / 86400);
  const hours = Math.floor(whole / 3600) - days * 24;
  const minutes = Math.floor(whole / 60) % 60;
  const two = (number) => String(number).padStart(2, "0");
  const text = days ? (hours ? `${days} d ${hours} h` : `${days} d`)
    : hours ? (minutes ? `${hours} h ${two(minutes)} min` : `${hours} h`)
    : minutes ? `${minutes} min` : `${whole} s`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function tick() {
  for (const ago of document.querySelectorAll("time + .ago")) {
    const at = Date.parse(ago.previousElementSibling.dateTime);
    if (!Number.isNaN(at)) ago.textContent = words((Date.now() - at) / 1000);
  }
}

// A form with data-confirm asks once more before it is sent.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

tick();
setInterval(tick, 10000);

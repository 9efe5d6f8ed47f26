// The copy button of a console block copies its commands, without prompts and output.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-clipboard-target]");
  const code = button && document.querySelector(button.dataset.clipboardTarget);
  if (!code?.querySelector(".gp")) return;
  let goesOn = false;
  button.dataset.clipboardText = code.textContent.split("\n").filter((line) => {
    const isCommand = goesOn || line.startsWith("$ ");
    goesOn = isCommand && line.endsWith("\\");
    return isCommand;
  }).map((line) => line.replace(/^\$ /, "")).join("\n");
}, true);

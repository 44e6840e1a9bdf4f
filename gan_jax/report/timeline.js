
// The samples over training: a slider, a button that plays, and the step marked in the curves.

const slider = document.getElementById("when");

if (slider) {
  const play = document.getElementById("play");
  const grids = [...document.querySelectorAll("img[data-name]")];
  let timer = null;

  const show = () => {
    const shot = page.snapshots[Number(slider.value)];
    const said = `step ${integer.format(shot.step)}`;
    for (const grid of grids) grid.src = shot[grid.dataset.name] ?? grid.src;
    document.getElementById("at").textContent = said;
    slider.setAttribute("aria-valuetext", said);
    mark(shot.step);
  };

  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.setAttribute("aria-label", "Play");
    play.classList.remove("playing");
  };

  const next = () => {
    if (Number(slider.value) >= Number(slider.max)) return stop();
    slider.value = Number(slider.value) + 1;
    show();
  };

  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (slider.value === slider.max) slider.value = 0;
    show();
    timer = setInterval(next, 300);
    play.setAttribute("aria-label", "Pause");
    play.classList.add("playing");
  });

  slider.addEventListener("input", () => {
    stop();
    show();
  });

  document.addEventListener("choose", (event) => {
    const far = page.snapshots.map((shot) => Math.abs(shot.step - event.detail));
    slider.value = far.indexOf(Math.min(...far));
    stop();
    show();
  });

  show();
}

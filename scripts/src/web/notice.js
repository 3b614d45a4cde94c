// Said when the app can't be shown. Plain ES5: browsers too old for anything else must be able to run it.
function guanxiNotice(tooOld) {
  var texts = tooOld
    ? {
        "zh-CN": "浏览器版本过旧，无法打开本系统。请使用 Chrome 或 Edge 114、Firefox 125、Safari 17 或更新的版本。",
        en: "This browser is too old for Guanxi. Please use Chrome or Edge 114, Firefox 125, Safari 17 or newer.",
      }
    : {
        "zh-CN": "页面未能载入。请检查网络，然后重试。",
        en: "Guanxi could not be loaded. Please check the connection and try again.",
      };
  var notice = document.createElement("main");
  notice.className = "boot-notice";
  notice.setAttribute("role", "alert");
  for (var language in texts) {
    var line = document.createElement("p");
    line.lang = language;
    line.appendChild(document.createTextNode(texts[language]));
    notice.appendChild(line);
  }
  if (!tooOld) {
    var again = document.createElement("button");
    again.type = "button";
    again.className = "button";
    again.appendChild(document.createTextNode("重试 / Try again"));
    again.addEventListener("click", function () {
      location.reload();
    });
    notice.appendChild(again);
  }
  while (document.body.firstChild) document.body.removeChild(document.body.firstChild);
  document.body.appendChild(notice);
}

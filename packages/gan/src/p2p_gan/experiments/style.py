"""How a study's page looks: on wide and narrow screens, by day and by night.

Nothing here may reach for a font, a script or a picture beside the page.
"""

STYLE = """
:root{color-scheme:light dark;--ink:#222;--soft:#666;--line:#ddd;--ground:#fff;--shade:rgba(0,0,0,.8)}
@media (prefers-color-scheme:dark){:root{--ink:#ddd;--soft:#999;--line:#444;--ground:#181818}}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem;color:var(--ink);
background:var(--ground)}
h2{margin-top:3rem}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.3rem .8rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--ground)}
td{font-variant-numeric:tabular-nums}
.real td{color:var(--soft)}
.scroll{overflow-x:auto}
.note{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
.trouble{border-left:3px solid #c33;padding-left:.8rem}
.pictures th,.pictures td{padding:.15rem;border:0;text-align:center;font-size:.8rem;font-weight:normal;
white-space:normal}
.pictures th{vertical-align:bottom}
.pictures th:first-child,.pictures td:first-child{position:static;text-align:center}
.pictures img{display:block;width:clamp(96px,11vw,176px);height:auto;margin:auto;cursor:zoom-in}
.pictures img.small{image-rendering:pixelated}
.pictures img:focus{position:fixed;inset:0;z-index:1;margin:auto;width:min(92vw,92vh);max-height:92vh;
object-fit:contain;outline:100vmax solid var(--shade);cursor:zoom-out}
details{margin:.5rem 0}
summary{cursor:pointer}
@media (max-width:40rem){body{padding:.6rem}th,td{padding:.25rem .4rem;font-size:.85rem}
th:first-child,td:first-child{white-space:normal;min-width:6.5rem}
.pictures th:first-child,.pictures td:first-child{min-width:0}}
""".strip()

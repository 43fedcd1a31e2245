#!/bin/sh
# Speaks the prompts of src/ntpd112/media/prompts/texts.toml with espeak-ng and makes them what the media worker plays:
# WAV, G.711 A-law, mono, 8 kHz. Needs espeak-ng, sox and Python 3.11. The files are kept in the repository, so that
# only who changes a text runs this; any recording in the same format can take their place.
set -eu
cd "$(dirname "$0")/../src/ntpd112/media/prompts"
for tool in espeak-ng sox; do
    command -v "$tool" >/dev/null || { echo "$0: $tool is not installed (apt-get install espeak-ng sox)" >&2; exit 1; }
done
python3 - <<'PY' | while IFS='	' read -r language name text; do
import tomllib
with open("texts.toml", "rb") as file:
    for language, prompts in tomllib.load(file).items():
        for name, text in prompts.items():
            print(language, name, text, sep="\t")
PY
    mkdir -p "$language"
    # 150 words a minute: calm, and clear over a telephone. The band that a telephone carries; peaks at -3 dBFS, which
    # gives speech about -20 dBFS on average, as loud as a person; a tenth of a second of silence around it, and after what is
    # played again and again a pause.
    case "$name" in hold | wait) tail=4 ;; *) tail=0.1 ;; esac
    espeak-ng -v "$language" -s 150 -g 2 --stdout "$text" |
        sox -q -D - -r 8000 -c 1 -e a-law "$language/$name.wav" rate 8000 highpass 200 lowpass 3400 norm -3 pad 0.1 "$tail"
    echo "$language/$name.wav"
done

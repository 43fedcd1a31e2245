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
    # played again and again a pause. Pieces of sentences follow each other closely.
    head=0.1
    case "$name" in
    hold | wait) tail=4 ;;
    digit-* | number-* | minutes | seconds) head=0 tail=0.05 ;;
    *) tail=0.1 ;;
    esac
    espeak-ng -v "$language" -s 150 -g 2 --stdout "$text" |
        sox -q -D - -r 8000 -c 1 -e a-law "$language/$name.wav" rate 8000 highpass 200 lowpass 3400 norm -3 pad "$head" "$tail"
    echo "$language/$name.wav"
done
# What sounds the same in every language: a short tone that asks to go on.
for language in id en; do
    sox -q -D -n -r 8000 -c 1 -e a-law "$language/beep.wav" synth 0.2 sine 1000 fade t 0.01 0.2 0.01 norm -9 pad 0.05 0.1
    echo "$language/beep.wav"
done

#!/usr/bin/env bash
# Makes what the simulated callers and operators of `ntpd112 demo` say, with espeak-ng and sox, as small A-law
# WAV files. Run it again after changing a sentence; the files are part of the repository.
# usage: scripts/make-demo-speech.sh
set -euo pipefail
cd "$(dirname "$0")/../src/ntpd112/demo/speech"
say() { # NAME PITCH SENTENCE
  espeak-ng -v id -s 150 -p "$2" -w /dev/stdout "$3" |
    sox -q -t wav - -t wav -r 8000 -c 1 -e a-law "$1.wav" norm -6
}
say caller-fire 65 "Halo, satu satu dua? Ada kebakaran di Jalan Pemuda, tolong cepat!"
say caller-medical 75 "Tolong, ayah saya pingsan, napasnya berat. Kami perlu ambulans."
say caller-accident 40 "Ada kecelakaan di depan pasar, dua motor, ada yang terluka."
say operator 50 "Layanan darurat satu satu dua, apa keadaan darurat Anda? Di mana lokasinya?"

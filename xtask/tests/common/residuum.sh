#!/usr/bin/env bash
# Pretends to be the program. FAKE is the test's folder; CELL_SECONDS the time a cell takes.
# A file FAKE/crash/METHOD holds what a cell of that method does instead of working.
set -u
command=$1
shift

case "$command" in
datasets)
    if [[ $1 == fetch ]]; then
        shift
        for name in "$@"; do touch "$FAKE/have-$name"; done
        exit 0
    fi
    shift 2 # list --json
    [[ ${1-} == -- ]] && shift
    comma=
    # NAME ROWS PRESENT SHA256 of what answers to the pattern ASKED.
    entry() {
        # shellcheck disable=SC2053
        [[ $1 == $asked ]] || return
        printf '%s{"asked":"%s","name":"%s","whole":"%s","of":"%s",' "$comma" "$asked" "$1" "$1" "$1"
        printf '"family":"f","representation":"r","n":%s,"d":512,"anomalies":5,' "$2"
        printf '"present":%s,"path":null,"sha256":%s,"get":"residuum datasets fetch %s"}' "$3" "$4" "$1"
        comma=,
    }
    printf '['
    (($#)) || set -- '*'
    for asked in "$@"; do
        for n in 1001 1002 1003 1004; do
            entry "A_$n" "$n" true "\"$(printf '%064d' "$n")\""
        done
        if [[ -e $FAKE/have-B ]]; then entry B 9 true '"b"'; else entry B 9 false null; fi
    done
    printf ']\n'
    ;;
methods)
    echo '[{"name":"copod","title":"COPOD","source":"s","seconds":0.3,"default":{"rows":"standard","ecdf":"train"}},
           {"name":"norm","title":"Norm","source":"s","seconds":0.05,"default":{"rows":"standard"}},
           {"name":"iforest","title":"Forest","source":"s","seconds":0.5,"default":{"rows":"standard","trees":100}}]'
    ;;
cells)
    guard=no
    while (($#)); do
        case "$1" in
        --plan) plan=$2 && shift ;;
        --from) from=$2 && shift ;;
        --to) to=$2 && shift ;;
        --out) out=$2 && shift ;;
        --stdin-guard) guard=yes ;;
        esac
        shift
    done
    # Ends with its parent, as the program does.
    if [[ $guard == yes ]]; then (cat >/dev/null; kill -KILL $$) <&0 >/dev/null 2>&1 & fi
    trap 'exit 143' TERM
    code=0
    [[ -e $FAKE/crash/start ]] && { echo "cannot load libtorch" >&2; exit 4; }
    for ((index = from; index < to; index++)); do
        line=$(sed -n "$((index + 1))p" "$plan")
        id=$(sed 's/.*"id":"\([0-9a-f]*\)".*/\1/' <<<"$line")
        method=$(sed 's/.*"method":"\([a-z]*\)".*/\1/' <<<"$line")
        file=$out/cells/$id.json
        # The line, but for its index and its last brace.
        asked=${line#*,}
        asked=${asked%\}}
        grep -q '"status":"ok"' "$file" 2>/dev/null && continue
        echo "$id" >>"$FAKE/starts.log"
        echo "a library says hello"
        echo "{\"event\":\"start\",\"index\":$index,\"id\":\"$id\"}"
        echo "{\"event\":\"progress\",\"id\":\"$id\",\"stage\":\"epochs\",\"done\":1,\"total\":2,\"note\":\"loss 1\"}"
        if [[ -e $FAKE/crash/$method ]]; then
            case "$(cat "$FAKE/crash/$method")" in
            segv) echo "about to crash" >&2; kill -SEGV $$ ;;
            hang) sleep 1000 & wait ;;
            exit) echo "an exit" >&2; exit 70 ;;
            fail)
                echo "{\"schema\":1,\"status\":\"failed\",$asked,\"error\":{\"code\":3,\"message\":\"a NaN in row 7\",\"hint\":null}}" >"$file.tmp"
                mv "$file.tmp" "$file"
                echo "{\"event\":\"done\",\"id\":\"$id\",\"status\":\"failed\",\"error\":\"a NaN in row 7\"}"
                code=5
                continue
                ;;
            esac
        fi
        sleep "${CELL_SECONDS:-0}" & wait $!
        echo "{\"schema\":1,\"status\":\"ok\",$asked,\"metrics\":{\"auroc\":0.$((16#${id:0:6}))}}" >"$file.$$"
        mv "$file.$$" "$file"
        echo "{\"event\":\"done\",\"id\":\"$id\",\"status\":\"ok\",\"auroc\":0.5,\"seconds\":${CELL_SECONDS:-0}}"
    done
    exit $code
    ;;
report)
    # One line per cell of the tables, in their order.
    mkdir -p "$1/report"
    : >"$1/report/table1.md"
    : >"$1/report/index.html"
    : >"$1/results.csv"
    grep -o '"[0-9a-f]\{16\}"' "$1/tables.json" | tr -d '"' | while read -r id; do
        echo "$id $(grep -o '"auroc":[0-9.]*' "$1/cells/$id.json" 2>/dev/null || echo failed)"
    done
    ;;
esac

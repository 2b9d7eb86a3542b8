# What people and CI run. The work of each target is a script in tools/, so
# that it can be read, checked and run by itself.
.PHONY: help setup build deb demo test bench check check-deep format clean

help:
	@echo "make setup       install what is missing of Debian's packages"
	@echo "make build       build the release binary, build/release/retentiond"
	@echo "make deb         build the Debian package, in build/deb"
	@echo "make demo        build it, then live through ten nights (ARGS=...)"
	@echo "make test        build, run every test, enforce the coverage"
	@echo "make bench       compare with one DELETE, and with other cleaners"
	@echo "                 (ROWS='--jobs 20000 --rounds 1' for a short look)"
	@echo "make check       formatting, clang-tidy and the rules of the tree"
	@echo "make check-deep  what takes too long for every change"
	@echo "make format      format all sources in place"
	@echo "make clean       remove build/"

setup:
	@tools/setup all

build:
	@tools/setup build
	@tools/stage "build release" tools/build release retentiond

deb:
	@tools/setup build package
	@tools/stage "Debian package" tools/deb

demo: build
	@build/release/retentiond demo $(ARGS)

test:
	@tools/setup build test
	@tools/test

bench: build
	@tools/setup build test bench
	@bench/sqlite_rows $(ROWS)
	@bench/sqlite_rows --ids ordered $(ROWS)
	@bench/sqlite_rows --journal delete $(ROWS)
	@bench/postgres_rows $(ROWS)
	@bench/postgres_rows --no-created-index $(ROWS)
	@bench/partitions
	@bench/files

check:
	@tools/setup all
	@tools/check

check-deep: build
	@tools/setup build test package
	@tools/check-deep

format:
	@tools/setup check
	@tools/sources | xargs clang-format-14 -i

clean:
	rm -rf build

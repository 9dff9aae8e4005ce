# For people: each word is a sentence of cmake and ctest.  `make help` lists them.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
export CTEST_PARALLEL_LEVEL ?= $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help deps build test demo bench asan tsan coverage format mutants install clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r word what; do \
	  printf 'make %-9s %s\n' "$$word" "$$what"; done

deps: ## install the missing Debian packages (NO_INSTALL=1 skips it)
	@scripts/deps

build: deps ## the optimised build, in build/release
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

test: build ## every test
	ctest --preset release

demo: build ## a small world: import, train, recommend, explain
	build/release/kith demo

bench: build ## the benchmarks, each checks its answer
	@find build/release/benchmarks -maxdepth 1 -type f -perm -u+x | sort | while read -r program; do \
	  echo "$$program"; "$$program" || exit 1; done

asan: deps ## every test under AddressSanitizer and UndefinedBehaviorSanitizer
	cmake --preset asan
	cmake --build --preset asan -j $(JOBS)
	ctest --preset asan

tsan: deps ## every test under ThreadSanitizer
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS)
	ctest --preset tsan

coverage: deps ## every test, then the lines that ran, by folder
	cmake --preset coverage
	cmake --build --preset coverage -j $(JOBS)
	ctest --preset coverage
	@scripts/coverage build/coverage

format: ## clang-format over all sources
	git ls-files '*.h' '*.cc' | xargs clang-format -i

mutants: deps ## each patch in tests/mutants/ must make a test fail
	scripts/mutants

install: build ## headers, library and program into PREFIX (/usr/local)
	cmake --install build/release --prefix $(PREFIX)

clean: ## remove build/
	rm -rf build

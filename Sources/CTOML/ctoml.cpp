// SPDX-License-Identifier: Apache-2.0

#include "ctoml.h"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tomlplusplus.h"

namespace {

constexpr std::string_view tooDeep = "nested too deeply";

ctoml_place placeOf(const toml::source_position &position) {
    return {static_cast<uint32_t>(position.line), static_cast<uint32_t>(position.column)};
}

/// Finds the first key of more than CTOML_MAX_DEPTH dotted parts, before toml++ makes a table of each: it destroys
/// nested tables recursively, and a line of dots would be enough to fill the stack.
///
/// Knows just enough of TOML to skip strings and comments, where dots mean nothing. What is no valid TOML it may
/// judge wrongly, but an error it is then either way.
class KeyScanner {
  public:
    explicit KeyScanner(std::string_view text) : text(text) {}

    std::optional<ctoml_place> findOverlongKey() {
        int dots = 0;
        while (at < text.size()) {
            switch (text[at]) {
                case '#':
                    while (at < text.size() && text[at] != '\n') advance();
                    continue;
                case '"':
                case '\'':
                    skipString(text[at]);
                    continue;
                case '.':
                    if (++dots >= CTOML_MAX_DEPTH) return place;
                    break;
                case '\n':
                case '=':
                case ',':
                case '[':
                case '{':
                    dots = 0;
                    break;
                default:
                    break;
            }
            advance();
        }
        return std::nullopt;
    }

  private:
    std::string_view text;
    size_t at = 0;
    ctoml_place place{1, 1};

    void advance() {
        if (text[at] == '\n') {
            place.line += 1;
            place.column = 1;
        } else if (at + 1 == text.size() || (text[at + 1] & 0xC0) != 0x80) {
            place.column += 1;  // once for each code point
        }
        at += 1;
    }

    void skip(size_t count) {
        for (; count > 0 && at < text.size(); count--) advance();
    }

    void skipString(char quote) {
        const std::string triple(3, quote);
        const bool multiLine = text.compare(at, 3, triple) == 0;
        skip(multiLine ? 3 : 1);
        while (at < text.size()) {
            if (quote == '"' && text[at] == '\\') {
                skip(2);
            } else if (multiLine && text.compare(at, 3, triple) == 0) {
                skip(3);
                while (at < text.size() && text[at] == quote) advance();  // """" ends with a quote of its own
                return;
            } else if (!multiLine && (text[at] == quote || text[at] == '\n')) {
                skip(text[at] == quote ? 1 : 0);
                return;
            } else {
                advance();
            }
        }
    }
};

}  // namespace

struct ctoml_document {
    ctoml_node root{};
    std::string error;
    ctoml_place errorPlace{};

    explicit ctoml_document(std::string_view text) {
        if (const auto place = KeyScanner(text).findOverlongKey()) {
            fail(tooDeep, *place);
        } else if (const auto result = toml::parse(text)) {
            fill(root, result.table(), 0);
        } else {
            const auto description = result.error().description();
            const bool isNesting = description.find("TOML_MAX_NESTED_VALUES") != description.npos;
            fail(isNesting ? tooDeep : description, placeOf(result.error().source().begin));
        }
    }

    bool failed() const { return !error.empty(); }

  private:
    // Deques, because growing them moves nothing that a node points to.
    std::deque<std::vector<ctoml_node>> blocks;
    std::deque<std::string> strings;

    void fail(std::string_view message, ctoml_place place) {
        if (failed()) return;
        error = message.empty() ? "cannot be read" : message;
        errorPlace = place;
    }

    ctoml_text keep(std::string_view text) {
        const auto &kept = strings.emplace_back(text);
        return {kept.data(), kept.size()};
    }

    std::vector<ctoml_node> &adopt(ctoml_node &parent, size_t count) {
        auto &block = blocks.emplace_back(count);
        parent.children.first = block.data();
        parent.children.count = count;
        return block;
    }

    void fill(ctoml_node &out, const toml::node &node, int depth) {
        out.place = placeOf(node.source().begin);
        if (depth > CTOML_MAX_DEPTH) return fail(tooDeep, out.place);
        if (const auto *table = node.as_table()) {
            out.kind = CTOML_TABLE;
            auto &block = adopt(out, table->size());
            size_t index = 0;
            for (auto &&[key, value] : *table) {
                auto &child = block[index++];
                child.key = keep(key.str());
                child.key_place = placeOf(key.source().begin);
                fill(child, value, depth + 1);
            }
        } else if (const auto *array = node.as_array()) {
            out.kind = CTOML_ARRAY;
            auto &block = adopt(out, array->size());
            size_t index = 0;
            for (const auto &value : *array) fill(block[index++], value, depth + 1);
        } else if (const auto *string = node.as_string()) {
            out.kind = CTOML_STRING;
            out.string = keep(string->get());
        } else if (const auto *integer = node.as_integer()) {
            out.kind = CTOML_INTEGER;
            out.integer = integer->get();
        } else if (const auto *number = node.as_floating_point()) {
            out.kind = CTOML_FLOAT;
            out.number = number->get();
        } else if (const auto *boolean = node.as_boolean()) {
            out.kind = CTOML_BOOLEAN;
            out.boolean = boolean->get();
        } else {
            out.kind = CTOML_DATE;
        }
    }
};

extern "C" {

ctoml_document *ctoml_parse(const char *bytes, size_t length) {
    return new ctoml_document(length == 0 ? std::string_view() : std::string_view(bytes, length));
}

const ctoml_node *ctoml_root(const ctoml_document *document) {
    return document->failed() ? nullptr : &document->root;
}

ctoml_text ctoml_error(const ctoml_document *document, ctoml_place *place) {
    *place = document->errorPlace;
    return {document->error.data(), document->error.size()};
}

void ctoml_free(ctoml_document *document) { delete document; }

}  // extern "C"

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fields in the order of the sections, custom sections between them.
#include "wat/wat_printer.h"

#include "wasm/module_reader.h"
#include "wat/body_printer.h"
#include "wat/print_context.h"
#include "wat/print_customs.h"

namespace wazuka::wat {
namespace {

class ModulePrinter {
 public:
  ModulePrinter(const Module& module, const PrintOptions& options, WriteText write)
      : m_(module),
        c_(module, options, std::move(write)),
        list_(list_sections(module.bytes)),
        body_(c_),
        customs_(c_, list_) {}

  Result<void> run() {
    c_.out << "(module";
    if (c_.names.has_module_name()) {
      std::string_view name = c_.names.module_name();
      std::string id = name.empty() ? std::string() : identifier(name);
      c_.definition_name({id, name, name.empty()});
    }
    for (size_t i = 0; i < list_.sections.size() && !c_.out.failed(); ++i) {
      auto printed = section(i);
      if (printed) continue;
      c_.out.flush();
      return printed;
    }
    c_.out << '\n' << ")\n";
    c_.out.flush();
    return {};
  }

 private:
  Result<void> section(size_t index) {
    switch (list_.sections[index].id) {
      case SectionId::kCustom: customs_.print(index); return {};
      case SectionId::kType: types(); return {};
      case SectionId::kImport: imports(); return {};
      case SectionId::kTable: return tables();
      case SectionId::kMemory: memories(); return {};
      case SectionId::kTag: tags(); return {};
      case SectionId::kGlobal: return globals();
      case SectionId::kExport: exports(); return {};
      case SectionId::kStart: start(); return {};
      case SectionId::kElement: return elems();
      case SectionId::kCode: return funcs();
      case SectionId::kData: return datas();
      case SectionId::kFunction:
      case SectionId::kDataCount: return {};  // told by functions and segments
    }
    return {};
  }

  // ---- Types

  void types() {
    for (const RecGroup& group : m_.rec_groups) {
      if (group.explicit_rec) {
        c_.line(1);
        c_.out << "(rec";
      }
      for (u32 i = 0; i < group.count; ++i) type(group.first + i, group.explicit_rec ? 2 : 1);
      if (!group.explicit_rec) continue;
      c_.line(1);
      c_.out << ')';
    }
  }

  void type(u32 index, u32 depth) {
    const SubType& t = m_.types[index];
    c_.line(depth);
    c_.out << "(type";
    c_.definition(c_.names.type(index), index);
    bool sub = !t.final || t.supertype != SubType::kNone;
    if (sub) {
      c_.out << (t.final ? " (sub final" : " (sub");
      if (t.supertype != SubType::kNone) c_.out << ' ', c_.type_index(t.supertype);
    }
    clause("describes", t.describes);
    clause("descriptor", t.descriptor);
    c_.out << " (";
    composite(index, t);
    c_.out << (sub ? ")))" : "))");
  }

  void clause(std::string_view keyword, u32 index) {
    if (index == SubType::kNone) return;
    c_.out << " (" << keyword << ' ';
    c_.type_index(index);
    c_.out << ')';
  }

  void composite(u32 index, const SubType& t) {
    switch (t.kind) {
      case CompositeKind::kFunc:
        c_.out << "func";
        c_.names.inner(NameKind::kParam, index, t.func.params.size(), inner_);
        return c_.signature(t.func, &inner_);
      case CompositeKind::kStruct: return struct_fields(index, t);
      case CompositeKind::kArray: c_.out << "array "; return field(t.element());
      case CompositeKind::kCont: c_.out << "cont "; return c_.type_index(t.cont_func);
    }
  }

  void struct_fields(u32 index, const SubType& t) {
    c_.out << "struct";
    c_.names.inner(NameKind::kField, index, t.fields.size(), inner_);
    for (u32 i = 0; i < t.fields.size(); ++i) {
      c_.out << " (field";
      c_.definition_name(inner_.at(i));
      c_.out << ' ';
      field(t.fields[i]);
      c_.out << ')';
    }
  }

  void field(const FieldType& f) {
    if (f.mut) c_.out << "(mut ";
    c_.storage_type(f.storage);
    if (f.mut) c_.out << ')';
  }

  // ---- Imports

  void imports() {
    size_t next_group = 0;
    for (u32 i = 0; !c_.out.failed();) {
      if (next_group < m_.import_groups.size() && m_.import_groups[next_group].first == i) {
        i += import_group(m_.import_groups[next_group++]);
      } else if (i < m_.imports.size()) {
        import(m_.imports[i++]);
      } else {
        return;
      }
    }
  }

  void import(const Import& import) {
    c_.line(1);
    c_.out << "(import ";
    c_.out.name(import.module);
    c_.out << ' ';
    c_.out.name(import.name);
    c_.out << ' ';
    import_type(import);
    c_.out << ')';
  }

  PrintedName import_name(const Import& import) const {
    switch (import.kind) {
      case ExternKind::kFunc: return c_.names.func(import.index);
      case ExternKind::kTable: return c_.names.table(import.index);
      case ExternKind::kMemory: return c_.names.memory(import.index);
      case ExternKind::kGlobal: return c_.names.global(import.index);
      case ExternKind::kTag: return c_.names.tag(import.index);
    }
    return {};
  }

  /// Items that share one type cannot have names: those that have get a type each.
  bool has_names(const ImportGroup& group) const {
    for (u32 i = 0; i < group.count; ++i) {
      const Import& import = m_.imports[group.first + i];
      PrintedName name = import_name(import);
      if (!name.id.empty() || name.annotated) return true;
      bool is_func = import.kind == ExternKind::kFunc;
      if (is_func && c_.names.has_inner(NameKind::kLocal, import.index)) return true;
    }
    return false;
  }

  u32 import_group(const ImportGroup& group) {
    bool one_type = group.one_type && !has_names(group);
    c_.line(1);
    c_.out << "(import ";
    c_.out.name(group.module);
    for (u32 i = 0; i < group.count && !c_.out.failed(); ++i) {
      const Import& import = m_.imports[group.first + i];
      c_.line(2);
      c_.out << "(item ";
      c_.out.name(import.name);
      if (!one_type) c_.out << ' ', import_type(import);
      c_.out << ')';
    }
    if (one_type) {
      c_.line(2);
      extern_type(group.type, nullptr);
    }
    if (one_type || group.count != 0) c_.line(1);
    c_.out << ')';
    return group.count;
  }

  void import_type(const Import& import) {
    u32 i = import.index;
    ImportType type;
    type.kind = import.kind;
    type.exact = import.exact;
    switch (import.kind) {
      case ExternKind::kFunc: type.type_index = m_.funcs[i].type_index; break;
      case ExternKind::kTable: type.table = m_.tables[i].type; break;
      case ExternKind::kMemory: type.memory = m_.memories[i]; break;
      case ExternKind::kGlobal: type.global = m_.globals[i].type; break;
      case ExternKind::kTag: type.type_index = m_.tags[i].type_index; break;
    }
    extern_type(type, &import);
  }

  /// `import`: the one that it is the type of; null if it is that of many.
  void extern_type(const ImportType& type, const Import* import) {
    constexpr std::string_view kKinds[] = {"func", "table", "memory", "global", "tag"};
    c_.out << '(' << kKinds[static_cast<u32>(type.kind)];
    if (import != nullptr) c_.definition(import_name(*import), import->index);
    switch (type.kind) {
      case ExternKind::kFunc:
        if (type.exact) c_.out << " (exact";
        import == nullptr ? c_.type_use(type.type_index, nullptr) : func_type(import->index);
        if (type.exact) c_.out << ')';
        break;
      case ExternKind::kTable: table_type(type.table); break;
      case ExternKind::kMemory: memory_type(type.memory); break;
      case ExternKind::kGlobal: global_type(type.global); break;
      case ExternKind::kTag: c_.type_use(type.type_index, nullptr); break;
    }
    c_.out << ')';
  }

  /// With the names of the parameters that the function gives them.
  void func_type(u32 func) {
    u32 type_index = m_.funcs[func].type_index;
    const FuncType* type = c_.func_type(type_index);
    c_.names.inner(NameKind::kLocal, func, type == nullptr ? 0 : type->params.size(), inner_);
    c_.type_use(type_index, &inner_);
  }

  void limits(const Limits& limits, AddressType address) {
    if (address == AddressType::kI64) c_.out << " i64";
    c_.out << ' ';
    c_.out.number(limits.min);
    if (!limits.max) return;
    c_.out << ' ';
    c_.out.number(*limits.max);
  }

  void table_type(const TableType& type) {
    if (type.shared) c_.out << " shared";
    limits(type.limits, type.address);
    c_.out << ' ';
    c_.val_type(type.element);
  }

  void memory_type(const MemoryType& type) {
    limits(type.limits, type.address);
    if (type.shared) c_.out << " shared";
    if (!type.custom_page_size) return;
    c_.out << " (pagesize ";
    c_.out.number(u64{1} << type.page_size_log2);
    c_.out << ')';
  }

  void global_type(const GlobalType& type) {
    c_.out << (type.mut ? " (mut " : " ");
    c_.val_type(type.type);
    if (type.mut) c_.out << ')';
  }

  // ---- Definitions

  Result<void> tables() {
    for (u32 i = m_.imported_tables; i < m_.tables.size(); ++i) {
      const TableDecl& table = m_.tables[i];
      c_.line(1);
      c_.out << "(table";
      c_.definition(c_.names.table(i), i);
      table_type(table.type);
      if (table.init.size != 0) {
        c_.out << ' ';
        WAZUKA_TRY(body_.expression(table.init, ""));
      }
      c_.out << ')';
    }
    return {};
  }

  void memories() {
    for (u32 i = m_.imported_memories; i < m_.memories.size(); ++i) {
      c_.line(1);
      c_.out << "(memory";
      c_.definition(c_.names.memory(i), i);
      memory_type(m_.memories[i]);
      c_.out << ')';
    }
  }

  void tags() {
    for (u32 i = m_.imported_tags; i < m_.tags.size(); ++i) {
      c_.line(1);
      c_.out << "(tag";
      c_.definition(c_.names.tag(i), i);
      c_.type_use(m_.tags[i].type_index, nullptr);
      c_.out << ')';
    }
  }

  Result<void> globals() {
    for (u32 i = m_.imported_globals; i < m_.globals.size() && !c_.out.failed(); ++i) {
      const GlobalDecl& global = m_.globals[i];
      c_.line(1, global.init.offset);
      c_.out << "(global";
      c_.definition(c_.names.global(i), i);
      global_type(global.type);
      c_.out << ' ';
      WAZUKA_TRY(body_.expression(global.init, ""));
      c_.out << ')';
    }
    return {};
  }

  void exports() {
    for (const Export& item : m_.exports) {
      c_.line(1);
      c_.out << "(export ";
      c_.out.name(item.name);
      switch (item.kind) {
        case ExternKind::kFunc: export_item("func", c_.names.func(item.index), item); break;
        case ExternKind::kTable: export_item("table", c_.names.table(item.index), item); break;
        case ExternKind::kMemory: export_item("memory", c_.names.memory(item.index), item); break;
        case ExternKind::kGlobal: export_item("global", c_.names.global(item.index), item); break;
        case ExternKind::kTag: export_item("tag", c_.names.tag(item.index), item); break;
      }
      c_.out << ')';
    }
  }

  void export_item(std::string_view kind, const PrintedName& name, const Export& item) {
    c_.out << " (" << kind << ' ';
    c_.reference(name, item.index);
    c_.out << ')';
  }

  void start() {
    c_.line(1);
    c_.out << "(start ";
    c_.reference(c_.names.func(*m_.start), *m_.start);
    c_.out << ')';
  }

  Result<void> funcs() {
    for (u32 i = m_.imported_funcs; i < m_.funcs.size() && !c_.out.failed(); ++i) {
      c_.line(1, m_.funcs[i].body.offset);
      c_.out << "(func";
      c_.definition(c_.names.func(i), i);
      func_type(i);
      if (c_.options.skeleton) {
        c_.out << " (;...;))";
        continue;
      }
      WAZUKA_TRY(body_.body(i, customs_.hints(i)));
      c_.line(1);
      c_.out << ')';
    }
    return {};
  }

  // ---- Segments

  Result<void> elems() {
    for (u32 i = 0; i < m_.elems.size() && !c_.out.failed(); ++i) {
      const ElemSegment& segment = m_.elems[i];
      c_.line(1, segment.offset.size != 0 ? segment.offset.offset : PrintContext::kNoOffset);
      c_.out << "(elem";
      c_.definition(c_.names.elem(i), i);
      if (segment.mode == SegmentMode::kDeclared) c_.out << " declare";
      if (segment.mode == SegmentMode::kActive) {
        if ((segment.flags & 2) != 0) {
          c_.out << " (table ";
          c_.reference(c_.names.table(segment.table), segment.table);
          c_.out << ')';
        }
        c_.out << ' ';
        WAZUKA_TRY(body_.expression(segment.offset, "offset"));
      }
      WAZUKA_TRY(elem_items(segment));
      c_.out << ')';
    }
    return {};
  }

  Result<void> elem_items(const ElemSegment& segment) {
    bool expressions = (segment.flags & 4) != 0;
    c_.out << ' ';
    expressions ? c_.val_type(segment.type) : void(c_.out << "func");
    if (c_.options.skeleton) return c_.out << " (;...;)", Result<void>();
    for (u32 func : segment.funcs) {
      c_.out << (expressions ? " (ref.func " : " ");
      c_.reference(c_.names.func(func), func);
      if (expressions) c_.out << ')';
    }
    for (ByteRange expr : segment.exprs) {
      c_.out << ' ';
      WAZUKA_TRY(body_.expression(expr, "item"));
    }
    return {};
  }

  Result<void> datas() {
    for (u32 i = 0; i < m_.datas.size() && !c_.out.failed(); ++i) {
      const DataSegment& segment = m_.datas[i];
      c_.line(1, segment.bytes.offset);
      c_.out << "(data";
      c_.definition(c_.names.data(i), i);
      if (segment.mode == SegmentMode::kActive) {
        if (segment.memory != 0) {
          c_.out << " (memory ";
          c_.reference(c_.names.memory(segment.memory), segment.memory);
          c_.out << ')';
        }
        c_.out << ' ';
        WAZUKA_TRY(body_.expression(segment.offset, "offset"));
      }
      c_.out << ' ';
      if (c_.options.skeleton) {
        c_.out << "\"\" (;...;)";
      } else {
        std::span<const u8> bytes = m_.view(segment.bytes);
        c_.out.bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      }
      c_.out << ')';
    }
    return {};
  }

  const Module& m_;
  PrintContext c_;
  SectionList list_;
  BodyPrinter body_;
  CustomPrinter customs_;
  NameSpace inner_;
};

}  // namespace

Result<void> print_module(std::shared_ptr<const ModuleBytes> bytes, const PrintOptions& options,
                          WriteText write) {
  auto module = decode_module(std::move(bytes));
  if (!module) return std::unexpected(std::move(module).error());
  return ModulePrinter(**module, options, std::move(write)).run();
}

}  // namespace wazuka::wat

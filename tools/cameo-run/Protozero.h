// Protozero.h - protozero with its checks of wire types as exceptions.
// By itself it only asserts that a field has the type it is read as; here the file is anybody's, so that must be an
// error. Include this instead of protozero's own header.
#pragma once
#ifdef PROTOZERO_PBF_READER_HPP
#error "protozero was included without its checks"
#endif
#include <protozero/exception.hpp>
#define protozero_assert(condition) ((condition) ? void() : throw protozero::unknown_pbf_wire_type_exception())
#include <protozero/pbf_reader.hpp>

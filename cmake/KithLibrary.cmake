# One library of all modules, installed and exported as kith::kith; a host needs nothing but find_package(kith).
include(CMakePackageConfigHelpers)

get_property(kith_modules GLOBAL PROPERTY KITH_MODULES)
get_property(kith_links GLOBAL PROPERTY KITH_LINKS)
list(REMOVE_DUPLICATES kith_links)
# Header-only packages are compiled in and ask nothing of whoever links Kith.
# Each that stays here is found again by kithConfig.cmake.in.
list(REMOVE_ITEM kith_links Boost::headers Eigen3::Eigen nlohmann_json::nlohmann_json)

add_library(kith)
add_library(kith::kith ALIAS kith)
foreach(module IN LISTS kith_modules)
  target_sources(kith PRIVATE $<TARGET_OBJECTS:kith_${module}>)
  target_include_directories(kith PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/${module}/include>)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${module}/include/ TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
endforeach()
install(DIRECTORY ${KITH_GENERATED_INCLUDE}/ TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
target_include_directories(kith PUBLIC $<BUILD_INTERFACE:${KITH_GENERATED_INCLUDE}>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(kith PUBLIC cxx_std_20)
target_link_libraries(kith PRIVATE ${kith_links} $<BUILD_INTERFACE:kith_flags>)
set_target_properties(kith PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})

set(kith_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kith)
install(TARGETS kith EXPORT kithTargets)
install(EXPORT kithTargets NAMESPACE kith:: DESTINATION ${kith_package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kithConfig.cmake.in
  ${PROJECT_BINARY_DIR}/kithConfig.cmake INSTALL_DESTINATION ${kith_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kithConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kithConfig.cmake ${PROJECT_BINARY_DIR}/kithConfigVersion.cmake
  DESTINATION ${kith_package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

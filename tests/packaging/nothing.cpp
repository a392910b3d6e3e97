// nothing.cpp: a shared library that is made of archives needs one file.
